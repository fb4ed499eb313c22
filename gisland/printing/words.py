"""The words on paper, Vietnamese and English; what a product says of itself stands in `config/print/`."""

from __future__ import annotations

from gisland.catalogue import Language, Text

MISSING = {
    "holder": ("chủ sử dụng", "holder"),
    "id": ("số định danh", "national id"),
    "certificate": ("GCN", "certificate"),
    "scan": ("bản quét", "scan"),
    "land_type": ("loại đất", "land type"),
    "legal_area": ("diện tích pháp lý", "legal area"),
}
FORMS = {
    "fraction": ("nhãn đầy đủ", "full label"),
    "line": ("nhãn một dòng", "label in one line"),
    "number": ("chỉ số thửa", "number only"),
    "leader": ("số thửa ngoài, có đường dẫn", "number outside, leader line"),
    "table": ("không đủ chỗ: xem bảng", "no room: see the table"),
}
WORDS = {
    "ward": ("Phường", "Ward"),
    "cover": ("Bìa", "Cover"),
    "page": ("Trang", "Page"),
    "map": ("Bản đồ", "Map"),
    "map_page": ("Trang bản đồ", "Map page"),
    "inset": ("thu nhỏ", "inset"),
    "checklist": ("Danh sách thửa đất", "Checklist"),
    "checklist_of": ("Danh sách thửa đất – trang bản đồ", "Checklist – map page"),
    "small": ("Ghi chú các thửa đất nhỏ", "Notes on small parcels"),
    "proof": ("Bảng kiểm in", "Proof sheet"),
    "proof_note": (
        "Mỗi thửa một dòng: tờ/thửa, các trang có trọn thửa (trang chính in trước), dạng nhãn.",
        "One line a parcel: sheet/parcel, pages that hold it whole (its own first), form of its label.",
    ),
    "stored_kept": ("chỗ đã lưu", "stored place"),
    "stored_met": ("không ở chỗ đã lưu: vướng nhãn khác", "not at its stored place: another label is there"),
    "stored_cut": ("không ở chỗ đã lưu: vướng khung", "not at its stored place: it would lie across the frame"),
    "index": ("Sơ đồ các trang", "Index of pages"),
    "contents": ("Mục lục các trang bản đồ", "Contents: map pages"),
    "see_contents": (
        "{count} trang bản đồ; mục lục ở trang {pages}",
        "{count} map pages; their contents are on page {pages}",
    ),
    "see_index": (
        "Số trang: xem sơ đồ phóng to, trang {pages}",
        "Numbers of pages: see the larger index, page {pages}",
    ),
    "legend": ("Chú dẫn", "Legend"),
    "border": ("Ranh giới tổ (không chính thức)", "Border of the group (not official)"),
    "of_sheet": ("Tờ bản đồ địa chính", "Cadastral map sheet"),
    "neighbour": ("Thửa ngoài tổ", "Parcel of another group"),
    "overlap": ("Phần in trùng trang khác", "Also on another page"),
    "label": ("Loại đất – số thửa trên diện tích (m²)", "Land type – parcel number over area (m²)"),
    "scale": ("Tỷ lệ", "Scale"),
    "north": ("B", "N"),
    "parcels": ("Tổng số thửa", "Parcels"),
    "parcel_count": ("{count} thửa", "{count} parcels"),
    "list_pages": ("Trang danh sách", "List pages"),
    "total": ("Cộng", "Total"),
    "status": ("Tình trạng xác minh", "Verification status"),
    "data": ("Dữ liệu: phiên bản {version}, {time}", "Data: version {version}, {time}"),
    "printed_by": ("Người in: {by}", "Printed by: {by}"),
    "crs": (
        "VN-2000, múi chiếu 3°, kinh tuyến trục {meridian} (EPSG:{srid}); lưới 10 cm",
        "VN-2000, 3° zone, central meridian {meridian} (EPSG:{srid}); grid of 10 cm",
    ),
    "crs_other": (
        "Toạ độ phẳng theo EPSG:{srid}; lưới 10 cm",
        "Plane coordinates: EPSG:{srid}; grid of 10 cm",
    ),
    "scale_note": ("1 cm trên bản in bằng {metres} m trên thực địa", "1 cm on the print is {metres} m on the ground"),
    "signed": ("(ký, ghi rõ họ tên)", "(signature, name)"),
    "date": ("Ngày …… tháng …… năm 20……", "Date ……………………"),
    "no": ("STT", "No."),
    "sheet": ("Tờ", "Sheet"),
    "parcel": ("Thửa", "Parcel"),
    "area": ("Diện tích (m²)", "Area (m²)"),
    "land_type": ("Loại đất", "Type"),
    "holder": ("Người sử dụng đất", "Holder"),
    "hidden": ("(không được xem)", "(not shown)"),
    "missing": ("Còn thiếu", "Missing"),
    "outcome": ("Mã KQ", "Code"),
    "note": ("Ghi chú", "Note"),
    "outcomes": ("Mã kết quả", "Outcome codes"),
    "how": ("Nhãn trên bản đồ", "Label on the map"),
    "lies_on": ("{form}, vì chồng lên thửa {parcel}", "{form}, as it lies on parcel {parcel}"),
    "lies_on_table": ("chồng lên thửa {parcel}: xem bảng", "lies on parcel {parcel}: see the table"),
    "pages": ("Trang", "Pages"),
    "unknown_signs": (
        "Ký tự (trang) không có trong phông chữ, in là □: {signs}",
        "Characters (pages) that the font has not, printed as □: {signs}",
    ),
    "cut_texts": ("Chữ bị cắt vì thiếu chỗ, ở trang: {pages}", "Texts cut off for want of room, on pages: {pages}"),
    "left_out": (
        "Thửa không nằm vừa trang nào, không có trên bản đồ: {parcels}",
        "Parcels that fit on no page and are on no map: {parcels}",
    ),
    "off_map": ("Danh sách thửa đất – không có trên bản đồ", "Checklist – on no map"),
    "off_map_count": ("{count} thửa không có trên bản đồ", "{count} parcels on no map"),
    "fits_nowhere": ("không nằm vừa trang nào", "fits on no page"),
    "goes_on": ("(tiếp)", "(cont.)"),
    "state": ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SOCIALIST REPUBLIC OF VIET NAM"),
    "motto": ("Độc lập – Tự do – Hạnh phúc", "Independence – Freedom – Happiness"),
    "committee": ("ỦY BAN NHÂN DÂN", "PEOPLE'S COMMITTEE"),
    "number_of": ("Số: {number}", "No. {number}"),
    "for_owner": ("Bản dành cho người sử dụng đất", "For the holder of the land"),
    "for_third_party": (
        "Bản dành cho bên thứ ba – không có thông tin về người sử dụng đất",
        "For third parties – nothing is told of the holder",
    ),
    "sheet_no": ("TỜ BẢN ĐỒ SỐ {number}", "MAP SHEET {number}"),
    "sheet_name": ("Phiên hiệu mảnh: {said}", "Name of the sheet: {said}"),
    "of_ward": ("{ward} ({code})", "{ward} ({code})"),
    "joining": ("Sơ đồ ghép tờ", "Adjoining sheets"),
    "scale_big": ("TỶ LỆ 1:{scale}", "SCALE 1:{scale}"),
    "cut": (
        "Thửa vẽ không hết, phần còn lại nằm ngoài khung tờ này: {said}",
        "Parcels that reach out of the frame of this sheet: {said}",
    ),
    "sheets_total": ("Tổng số tờ bản đồ của phường: {count}", "Map sheets of the ward: {count}"),
    "parcels_total": ("Tổng số thửa trong tờ: {count}", "Parcels on this sheet: {count}"),
    "area_total": ("Tổng diện tích các thửa: {area} m²", "Area of its parcels: {area} m²"),
    "by_type": ("Theo loại đất: {said}", "By land type: {said}"),
    "small_parcel": ("Thửa số", "Parcel"),
    "announce": ("Thông báo", "Notice"),
    "taken": ("Sổ nhận giấy tờ", "Papers taken"),
    "returned": ("Sổ trả giấy tờ", "Papers returned"),
    "r_papers": ("Số GCN", "Certificates"),
    "r_original": ("Bản gốc", "Original"),
    "r_copy": ("Bản sao", "Copy"),
    "r_cards": ("Số CCCD", "Id cards"),
    "r_other": ("Giấy tờ khác", "Other papers"),
    "r_day": ("Ngày", "Date"),
    "r_giver": ("Người giao ký", "Given by"),
    "r_taker": ("Tổ trưởng ký", "Taken by"),
    "r_back": ("Người nhận lại ký", "Handed back to"),
    "r_whole": ("Đủ", "Complete"),
    "f_known": ("Đã có trong cơ sở dữ liệu", "Known"),
    "f_more": ("và {count} nữa, ở trang sau", "and {count} more, on the next page"),
    "o_share": ("Tỷ lệ đã xác minh", "Share verified"),
    "o_from": ("{low}–{high} %", "{low}–{high} %"),
    "o_none": ("không có thửa thuộc diện", "nothing to verify"),
    "o_group": ("Tổ", "Group"),
    "o_must": ("Thuộc diện", "To verify"),
    "o_done": ("Đã xác minh", "Verified"),
    "o_figures": ("Số liệu theo tổ", "Figures by group"),
    "o_figures_wards": ("Số liệu theo phường", "Figures by ward"),
    "o_statuses": ("Thửa đất theo tình trạng", "Parcels by status"),
    "parcels_short": ("Thửa", "Parcels"),
    "o_done_short": ("Đã XM", "Verified"),
    "o_on_page": ("Tỷ lệ thấp nhất; tất cả: từ trang 2", "The lowest shares; all: from page 2"),
    "o_signs": ("Ký hiệu", "Signs"),
    "o_of_area": (
        "Chỉ tính các thửa trong phạm vi người in được xem, có điểm giữa nằm trong khu vực khoanh.",
        "Only parcels within reach of who printed it, whose middle lies in the drawn area.",
    ),
    "moved": (
        "{count} thửa đo ở múi khác ({zones}) được chuyển về múi của bản in.",
        "{count} parcels surveyed in other zones ({zones}) are brought to the zone of the print.",
    ),
    "outlined": (
        "Phường {names} chưa có địa giới trong cơ sở dữ liệu: vẽ đường bao các thửa.",
        "The border of ward {names} is not in the database: drawn is an outline of its parcels.",
    ),
    "wards_named": ("Các phường {names}", "Wards {names}"),
    "wards_count": ("{count} phường", "{count} wards"),
    "a_figures": ("Thửa và diện tích", "Parcels and their area"),
    "ward_border": ("Địa giới phường", "Border of a ward"),
    "drawn_area": ("Khu vực khoanh", "Drawn area"),
    "other_parcel": ("Thửa ngoài phạm vi bản in", "Parcel that the print is not of"),
    "x_parcel": ("Thửa đất số", "Parcel"),
    "x_sheet": ("Tờ bản đồ số", "Map sheet"),
    "x_scale": ("Tỷ lệ bản đồ", "Scale of the map"),
    "x_code": ("Mã định danh thửa đất", "Parcel code"),
    "x_address": ("Địa chỉ", "Address"),
    "x_area": ("Diện tích", "Area"),
    "x_area_said": ("{area} m² (tính từ toạ độ)", "{area} m² (from the coordinates)"),
    "x_legal": ("theo giấy tờ {area} m², chênh lệch {off} m²", "in the papers {area} m², difference {off} m²"),
    "x_no_legal": ("giấy tờ chưa ghi nhận diện tích", "no area in the papers"),
    "x_uses": ("Mục đích sử dụng", "Land use"),
    "x_origin": ("nguồn gốc: {said}", "origin: {said}"),
    "x_form": ("hình thức: {said}", "form: {said}"),
    "x_term": ("thời hạn: {said}", "term: {said}"),
    "x_unknown": ("chưa có thông tin", "not known"),
    "x_holders": ("Người sử dụng đất", "Holders"),
    "x_not_told": (
        "không cung cấp cho bên thứ ba (Điều 61 Nghị định 101/2024/NĐ-CP)",
        "not told to third parties (decree 101/2024/NĐ-CP, article 61)",
    ),
    "x_id": ("số định danh {said}", "national id {said}"),
    "x_share": ("phần quyền {said}", "share {said}"),
    "x_papers": ("Giấy chứng nhận", "Certificates"),
    "x_serial": ("số phát hành {said}", "serial {said}"),
    "x_book": ("số vào sổ {said}", "book number {said}"),
    "x_gcn": ("mã {said}", "code {said}"),
    "x_issued": ("cấp ngày {said}", "issued {said}"),
    "x_restrictions": ("Hạn chế quyền", "Restrictions"),
    "x_none": ("không có trong cơ sở dữ liệu", "none in the database"),
    "x_from": ("từ {said}", "from {said}"),
    "x_neighbours": ("Thửa liền kề (tờ/thửa)", "Adjoining parcels (sheet/parcel)"),
    "x_sketch": ("Sơ đồ thửa đất", "Sketch of the parcel"),
    "x_corners": ("Toạ độ góc thửa và chiều dài cạnh", "Corners and sides"),
    "x_corner": ("Góc", "Corner"),
    "x_side": ("Cạnh", "Side"),
    "x_length": ("Dài (m)", "Length (m)"),
    "x_more": ("Tiếp ở trang sau", "Continued on the next page"),
    "x_verify": ("Kiểm tra bản in", "Verify this print"),
    "confidential": ("Có dữ liệu cá nhân – không sao chép", "Holds personal data – do not copy"),
}

KINDS = ("Phường ", "Xã ", "Đặc khu ", "Thị trấn ")
"""With what the full name of a ward begins."""


class Words:
    """The words in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = 1 if language == "en" else 0

    def __call__(self, name: str, **values: object) -> str:
        """A word or sentence."""
        return WORDS[name][self._column].format(**values)

    def ward(self, name: str) -> str:
        """What a ward is called: one that a reform brought has its kind in its name (`gisland unit reform`)."""
        return name if name.startswith(KINDS) else f"{self('ward')} {name}"

    def missing(self, names: tuple[str, ...]) -> str:
        """What a parcel lacks, by commas."""
        return ", ".join(MISSING[name][self._column] for name in names)

    def form(self, name: str, lies_on: str = "") -> str:
        """A form of label; `lies_on` is the parcel that leaves no room for more."""
        said = FORMS[name][self._column]
        if not lies_on:
            return said
        return self("lies_on_table" if name == "table" else "lies_on", form=said, parcel=lies_on)


def note_of(name: str, **values: object) -> Text:
    """A sentence in both languages, as the notes of products are."""
    vi, en = (each.format(**values) for each in WORDS[name])
    return Text(vi=vi, en=en)
