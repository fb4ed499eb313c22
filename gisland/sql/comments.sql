-- What each table and column of the registry means: `Tiếng Việt · English`. Idempotent. The one truth for people, for the
-- descriptions of /api/v1 and for data/registry.md. Where reality departs from a rule, the text says whether the database
-- refuses it (constraint) or it is accepted and reported (finding). "PL3-01" are column numbers of that form.

-- Columns that mean the same in each table.
DO $$
DECLARE
    said record;
BEGIN
    FOR said IN
        SELECT format('%I.%I.%I', table_schema, table_name, c.column_name) AS place, meaning
          FROM information_schema.columns c
          JOIN (VALUES
            ('id', 'Mã nội bộ, không đổi, không dùng lại · Surrogate key: never changed, never used again'),
            ('ward_id', 'Phường/xã · The ward (unit.id); ids stay when ward codes are merged or used again'),
            ('version', 'Số lần ghi của dòng, bắt đầu từ 1; khoá lạc quan · How often the row was written, from 1 on; the optimistic lock'),
            ('updated_at', 'Lần ghi gần nhất (UTC) · When the row was last written (UTC)'),
            ('changed_by', 'Biến động đã làm dòng thành như hiện nay · The change (change.id) that made the row what it is'),
            ('created_by', 'Biến động đã tạo dòng · The change (change.id) that made the row'),
            ('retired_by', 'Biến động đã chấm dứt dòng; trống khi còn hiệu lực · The change (change.id) that ended it; empty while in force'),
            ('parcel_id', 'Thửa đất · The parcel (parcel.id)'),
            ('asset_id', 'Tài sản gắn liền với đất · The asset (asset.id)'),
            ('holder_id', 'Người sử dụng đất · The holder (holder.id)'),
            ('certificate_id', 'Giấy chứng nhận · The certificate (certificate.id)'),
            ('document_id', 'Văn bản · The document (document.id)'),
            ('valid_from', 'Có hiệu lực từ ngày · In force from this day'),
            ('valid_to', 'Hết hiệu lực từ ngày; ràng buộc: không trước valid_from · In force until this day; constraint: not before valid_from'),
            ('batch_id', 'Tệp đã nhận mà dòng này đến từ đó · The accepted file (intake.batch) that it came with')
          ) AS common (column_name, meaning) USING (column_name)
         WHERE table_schema IN ('registry', 'verification') LOOP
        EXECUTE format('COMMENT ON COLUMN %s IS %L', said.place, said.meaning);
    END LOOP;
END
$$;

COMMENT ON TABLE registry.unit IS 'Đơn vị hành chính: tỉnh, xã/phường/đặc khu · Administrative unit with its validity (QĐ 19/2025/QĐ-TTg: two levels since 1/7/2025); codes are used again, ids are not';
COMMENT ON COLUMN registry.unit.level IS 'Cấp: province tỉnh, ward xã, district huyện (chỉ đơn vị cũ) · Level; constraint: one of the three, and no district is in force (island districts became special zones)';
COMMENT ON COLUMN registry.unit.code IS 'Mã đơn vị: tỉnh 2 số, xã 5 số (PL3-01 cột 1) · Code of the statistics office: 2 digits for a province, 5 for a ward; constraint: one unit in force per level and code';
COMMENT ON COLUMN registry.unit.name IS 'Tên · Vietnamese name';
COMMENT ON COLUMN registry.unit.name_en IS 'Tên tiếng Anh · English name';
COMMENT ON COLUMN registry.unit.parent_id IS 'Tỉnh · The province (unit.id) of a ward';
COMMENT ON COLUMN registry.unit.srid IS 'Hệ toạ độ của tờ bản đồ, VN-2000 múi 3° theo kinh tuyến trục của tỉnh · EPSG code of the CRS of its sheets: VN-2000, TM 3°, the meridian of the province';
COMMENT ON COLUMN registry.unit.area_km2 IS 'Diện tích công bố, km² · Declared area in km²; nothing is compared with it';
COMMENT ON COLUMN registry.unit.valid_from IS 'Có hiệu lực từ ngày · In force from this day';
COMMENT ON COLUMN registry.unit.valid_to IS 'Thôi hiệu lực từ ngày; trống khi còn hiệu lực · In force until this day; empty while in force';
COMMENT ON COLUMN registry.unit.geom_4326 IS 'Ranh giới, WGS 84 kinh độ trước (EPSG:4326) · Boundary in WGS 84, longitude first; constraint: valid and not empty';

COMMENT ON TABLE registry.unit_successor IS 'Kế tục đơn vị hành chính: cũ → mới · Which unit followed which in a reform; a divided unit has several successors';
COMMENT ON COLUMN registry.unit_successor.predecessor_id IS 'Đơn vị cũ · The former unit (unit.id)';
COMMENT ON COLUMN registry.unit_successor.successor_id IS 'Đơn vị mới · The unit that followed (unit.id)';
COMMENT ON COLUMN registry.unit_successor.part IS 'full toàn bộ, partial một phần · Whether all of the former unit went there';

COMMENT ON TABLE registry.residential_group IS 'Tổ dân phố, thôn · Residential group; no national code; a parcel belongs by list (parcel.residential_group_id), the polygon only helps';
COMMENT ON COLUMN registry.residential_group.code IS 'Mã tổ trong phường · Code within the ward; constraint: once per ward';
COMMENT ON COLUMN registry.residential_group.name IS 'Tên tổ · Name';
COMMENT ON COLUMN registry.residential_group.geom_4326 IS 'Phạm vi vẽ, WGS 84 kinh độ trước (EPSG:4326), nếu có · Drawn extent in WGS 84, longitude first, if there is one; a parcel outside it is a finding';

COMMENT ON TABLE registry.map_sheet IS 'Tờ bản đồ địa chính · Cadastral map sheet: owns the CRS of its parcels; a number may be there at two scales and in each former ward';
COMMENT ON COLUMN registry.map_sheet.old_ward_code IS 'Mã xã cũ mà số tờ thuộc về; trống nếu là số hiện nay · Code of the former ward whose number it is; empty for a present number';
COMMENT ON COLUMN registry.map_sheet.sheet_no IS 'Số hiệu tờ bản đồ (PL3-01 cột 21), không có số 0 ở đầu · Sheet number, without leading zeros';
COMMENT ON COLUMN registry.map_sheet.scale IS 'Mẫu số tỷ lệ (500 là 1:500), 0 khi không rõ · Denominator of the scale (500 for 1:500), 0 when unknown';
COMMENT ON COLUMN registry.map_sheet.srid IS 'Hệ toạ độ VN-2000 (mã EPSG) · EPSG code of its CRS; constraint: the one of all its parcels';
COMMENT ON COLUMN registry.map_sheet.name IS 'Danh pháp mảnh, ví dụ 725500-6-(11) · Sheet name by the grid of TT 25/2014';

COMMENT ON TABLE registry.parcel IS 'Thửa đất (LA_SpatialUnit) · Parcel; a retired one leaves the layers and stays readable; overlaps and gaps are accepted, and not examined';
COMMENT ON COLUMN registry.parcel.ward_id IS 'Phường/xã; ràng buộc: của tờ bản đồ · The ward; constraint: that of its sheet';
COMMENT ON COLUMN registry.parcel.map_sheet_id IS 'Tờ bản đồ · The sheet (map_sheet.id)';
COMMENT ON COLUMN registry.parcel.residential_group_id IS 'Tổ dân phố · The residential group; constraint: of the same ward';
COMMENT ON COLUMN registry.parcel.parcel_no IS 'Số thứ tự thửa (PL3-01 cột 22), không có số 0 ở đầu · Parcel number without leading zeros; constraint: once on its sheet among parcels in force';
COMMENT ON COLUMN registry.parcel.parcel_code IS 'Mã định danh thửa đất: GeoHash 12 ký tự của điểm đặc trưng (PL3-01 cột 18) · Official parcel code: 12-character GeoHash of the characteristic point; a supplied one wins; computed once, never again; constraint: unique in the country; one of another place is a finding';
COMMENT ON COLUMN registry.parcel.parcel_code_method IS 'Phiên bản cách tính mã; trống khi mã được cấp · Version of the method that computed the code; empty when it was supplied';
COMMENT ON COLUMN registry.parcel.srid IS 'Hệ toạ độ của hình thể (mã EPSG), theo tờ bản đồ · EPSG code of the geometry: that of its sheet';
COMMENT ON COLUMN registry.parcel.geom IS 'Hình thể nguyên gốc, mét, đông trước bắc, trong hệ toạ độ của tờ · Geometry as it came, metres, east before north, in the CRS of the sheet; constraint: a valid polygon or multipolygon, not empty';
COMMENT ON COLUMN registry.parcel.geom_4326 IS 'Tự tính: hình thể theo WGS 84, kinh độ trước · Derived: the geometry in WGS 84, longitude first';
COMMENT ON COLUMN registry.parcel.area_m2 IS 'Tự tính: diện tích phẳng theo bản đồ, m² · Derived: planar area of the geometry in the CRS of the sheet, m²';
COMMENT ON COLUMN registry.parcel.legal_area_m2 IS 'Diện tích pháp lý trên giấy tờ, m², 1 số lẻ (PL3-01 cột 24) · Area on paper, m², one decimal; it is not compared with the map';
COMMENT ON COLUMN registry.parcel.label_east IS 'Chỗ đặt nhãn đã lưu: hoành độ (đông), mét, trong hệ toạ độ của tờ · Stored place of the label: east, metres, in the CRS of the sheet; constraint: with label_north, within the parcel; given up when the parcel gets a shape without it';
COMMENT ON COLUMN registry.parcel.label_north IS 'Chỗ đặt nhãn đã lưu: tung độ (bắc), mét · Stored place of the label: north, metres';
COMMENT ON COLUMN registry.parcel.label_angle IS 'Góc của nhãn đã lưu, độ, ngược chiều kim đồng hồ từ hướng đông, trống: tự chọn · Angle of the stored label, degrees counter-clockwise from east; empty: chosen by what draws it; constraint: above -90, up to 90, and only with a place';
COMMENT ON COLUMN registry.parcel.address IS 'Địa chỉ thửa đất, không ghi xã, tỉnh (PL3-01 cột 23) · Address of the land, without ward and province';

COMMENT ON TABLE registry.parcel_lineage IS 'Nguồn gốc thửa: tách, hợp · Lineage: which parcel came of which; constraint: no circle';
COMMENT ON COLUMN registry.parcel_lineage.ancestor_id IS 'Thửa gốc · The parcel that was (parcel.id)';
COMMENT ON COLUMN registry.parcel_lineage.descendant_id IS 'Thửa mới · The parcel that came of it (parcel.id)';

COMMENT ON TABLE registry.parcel_number IS 'Bảng tham chiếu số hiệu thửa · Crosswalk: other numbers of a parcel, many to many; an ambiguous one is listed, never guessed';
COMMENT ON COLUMN registry.parcel_number.series IS 'Loại số: map_299 bản đồ 299, map_1994 bản đồ 1994, regular chính quy, certificate trên Giấy, before_reform trước sắp xếp, other khác · Which map or paper the number is of';
COMMENT ON COLUMN registry.parcel_number.old_ward_code IS 'Mã xã cũ · Code of the former ward';
COMMENT ON COLUMN registry.parcel_number.sheet_no IS 'Số tờ (trên Giấy: PL3-01 cột 19) · Sheet number';
COMMENT ON COLUMN registry.parcel_number.parcel_no IS 'Số thửa (trên Giấy: PL3-01 cột 20) · Parcel number';
COMMENT ON COLUMN registry.parcel_number.scale IS 'Mẫu số tỷ lệ, 0 khi không rõ · Denominator of the scale, 0 when unknown';
COMMENT ON COLUMN registry.parcel_number.source IS 'Nguồn: sổ mục kê, bảng đối chiếu… · Where the number was found';
COMMENT ON COLUMN registry.parcel_number.confidence IS 'Độ tin cậy trong (0, 1] · Confidence, above 0 and at most 1';

COMMENT ON TABLE registry.land_use IS 'Mục đích sử dụng đất (PL3-01 cột 25–39) · Land use: one or more per parcel; areas that do not sum to the legal area are a finding, not refused';
COMMENT ON COLUMN registry.land_use.seq IS 'Thứ tự trên thửa, từ 1 · Order on the parcel, from 1 on';
COMMENT ON COLUMN registry.land_use.land_type IS 'Loại đất, mã như ODT, CLN (PL3-01 cột 25, 30, 35) · Land type code (TT 08/2024); an unknown or former code is a finding, and ONT or ODT where the unit has the other one';
COMMENT ON COLUMN registry.land_use.area_m2 IS 'Diện tích của mục đích, m², 1 số lẻ (PL3-01 cột 26, 31, 36) · Area of this use, m², one decimal';
COMMENT ON COLUMN registry.land_use.origin IS 'Nguồn gốc sử dụng, ví dụ CNQ-CTT (PL3-01 cột 27, 32, 37) · Origin of the use';
COMMENT ON COLUMN registry.land_use.use_form IS 'Hình thức sử dụng: riêng, chung (PL3-01 cột 28, 33, 38) · Form of use: alone or in common';
COMMENT ON COLUMN registry.land_use.term IS 'Thời hạn: Lâu dài, đến ngày… (PL3-01 cột 29, 34, 39) · Term, as it is written';

COMMENT ON TABLE registry.holder IS 'Người sử dụng đất, chủ sở hữu (LA_Party) · Holder: person, household, couple, organisation or community; inconsistent ids and doubles are findings';
COMMENT ON COLUMN registry.holder.kind IS 'Loại: person cá nhân, household hộ gia đình, couple vợ chồng, organisation tổ chức, community cộng đồng dân cư · Kind of holder';
COMMENT ON COLUMN registry.holder.full_name IS 'Họ tên, tên tổ chức, không kèm Ông/Bà (PL3-01 cột 5, 7, 14) · Name, without titles';
COMMENT ON COLUMN registry.holder.name_key IS 'Tự tính khi ghi qua chương trình: khoá so sánh tên (chữ hoa, dấu thanh, Ð/Đ như nhau) · Derived by the program: comparison key of the name; one that direct SQL left behind is a finding';
COMMENT ON COLUMN registry.holder.birth_date IS 'Ngày sinh (PL3-01 cột 8) · Date of birth';
COMMENT ON COLUMN registry.holder.birth_year IS 'Năm sinh khi không rõ ngày (PL3-01 cột 8) · Year of birth where the day is not known; constraint: 1850–2150; its contradiction to the id is a finding';
COMMENT ON COLUMN registry.holder.gender IS 'Giới tính: male nam, female nữ (PL3-01 cột 9) · Gender; its contradiction to the id is a finding';
COMMENT ON COLUMN registry.holder.id_kind IS 'Loại số: personal số định danh 12 số, cmnd 9 số, organisation tổ chức, other khác · Kind of id; an odd length is a finding';
COMMENT ON COLUMN registry.holder.id_cipher IS 'Số định danh đã mã hoá AES-256-GCM, khoá ở ngoài CSDL (PL3-01 cột 6, 10, 15) · The national id, encrypted; the key is not in the database';
COMMENT ON COLUMN registry.holder.id_hash IS 'HMAC-SHA256 của số để tìm · Keyed hash under which an id is found';
COMMENT ON COLUMN registry.holder.id_masked IS 'Số đã che, ví dụ 031*****0123 · The id as it may be shown; in clear only by an audited reveal with a reason';
COMMENT ON COLUMN registry.holder.address IS 'Địa chỉ thường trú (PL3-01 cột 11, 16) · Permanent address';

COMMENT ON TABLE registry.certificate IS 'Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất · Certificate; an odd or repeated serial is a finding';
COMMENT ON COLUMN registry.certificate.serial IS 'Số phát hành (PL3-01 cột 2); Giấy cũ có thể không có · Serial as it is written; old certificates may have none';
COMMENT ON COLUMN registry.certificate.serial_key IS 'Tự tính khi ghi qua chương trình: số phát hành để so sánh (chữ hoa, bỏ khoảng trắng, Ð thành Đ) · Derived by the program: the serial as it is compared; one that direct SQL left behind is a finding';
COMMENT ON COLUMN registry.certificate.book_no IS 'Số vào sổ cấp Giấy (PL3-01 cột 4) · Number in the book of certificates';
COMMENT ON COLUMN registry.certificate.gcn_code IS 'Mã Giấy chứng nhận 12 ký tự (mẫu 2024) · Code of the certificate, 12 characters (form of 2024); another shape is a finding';
COMMENT ON COLUMN registry.certificate.issue_date IS 'Ngày cấp (PL3-01 cột 3) · Day of issue';
COMMENT ON COLUMN registry.certificate.issuer IS 'Cơ quan cấp · Authority that issued it';
COMMENT ON COLUMN registry.certificate.kind IS 'Mẫu Giấy theo thời kỳ (Luật 1993, 2003, NĐ 88/2009, NĐ 43/2014, mẫu 2024) · Form, by the law of its time';
COMMENT ON COLUMN registry.certificate.scan_file IS 'Tên tệp quét (PL3-01 cột 49) · Name of its scan';
COMMENT ON COLUMN registry.certificate.replaced_by IS 'Giấy cấp đổi, cấp lại thay Giấy này · The certificate that replaced it (certificate.id)';

COMMENT ON TABLE registry.certificate_parcel IS 'Thửa ghi trên Giấy · Parcels that a certificate names, with the numbers on paper';
COMMENT ON COLUMN registry.certificate_parcel.parcel_id IS 'Thửa tìm thấy; trống khi chưa tìm thấy (phát hiện) · The parcel; empty while it is not found (a finding)';
COMMENT ON COLUMN registry.certificate_parcel.paper_sheet_no IS 'Số tờ trên Giấy (PL3-01 cột 19) · Sheet number on paper';
COMMENT ON COLUMN registry.certificate_parcel.paper_parcel_no IS 'Số thửa trên Giấy (PL3-01 cột 20) · Parcel number on paper';
COMMENT ON COLUMN registry.certificate_parcel.paper_area_m2 IS 'Diện tích ghi trên Giấy, m², 1 số lẻ · Area on paper, m², one decimal';

COMMENT ON TABLE registry.certificate_asset IS 'Tài sản ghi trên Giấy · Assets that a certificate names';

COMMENT ON TABLE registry.asset IS 'Tài sản gắn liền với đất (PL3-01 cột 40–48) · Asset attached to land; bears rights of its own; an apartment without its building is a finding';
COMMENT ON COLUMN registry.asset.kind IS 'Loại (PL3-01 cột 40): house nhà riêng lẻ, apartment căn hộ, apartment_building nhà chung cư, apartment_complex khu chung cư, works công trình, underground_works công trình ngầm, production_forest rừng sản xuất, perennial_trees cây lâu năm · Kind of asset';
COMMENT ON COLUMN registry.asset.parent_id IS 'Nhà chung cư của căn hộ, khu của nhà · The building of an apartment, the complex of a building (asset.id); constraint: not itself';
COMMENT ON COLUMN registry.asset.name IS 'Tên khu nhà, nhà chung cư (PL3-01 cột 41, 42) · Name of the complex or building';
COMMENT ON COLUMN registry.asset.number IS 'Số căn hộ (PL3-01 cột 43) · Number of the apartment';
COMMENT ON COLUMN registry.asset.footprint_m2 IS 'Diện tích xây dựng, m², 1 số lẻ (PL3-01 cột 44) · Built-up area, m², one decimal; larger than the parcels it stands on is a finding';
COMMENT ON COLUMN registry.asset.floor_area_m2 IS 'Diện tích sàn, m², 1 số lẻ (PL3-01 cột 45) · Floor area, m², one decimal';
COMMENT ON COLUMN registry.asset.ownership_form IS 'Hình thức sở hữu: riêng, chung (PL3-01 cột 46) · Form of ownership: alone or in common';
COMMENT ON COLUMN registry.asset.ownership_term IS 'Thời hạn sở hữu (PL3-01 cột 47) · Term of ownership, as it is written';
COMMENT ON COLUMN registry.asset.grade IS 'Cấp (hạng) công trình (PL3-01 cột 48) · Grade of the building';
COMMENT ON COLUMN registry.asset.address IS 'Địa chỉ · Address';

COMMENT ON TABLE registry.asset_parcel IS 'Thửa mà tài sản nằm trên · Parcels that an asset stands on';

COMMENT ON TABLE registry.holding IS 'Quyền (LA_RRR) của người sử dụng trên thửa hoặc tài sản (PL3-01 cột 5–17) · Right of a holder on a parcel or an asset; constraint: in the ward of what it is on, and in force only on what is in force';
COMMENT ON COLUMN registry.holding.parcel_id IS 'Thửa; ràng buộc: một thửa, một tài sản, hoặc chỉ có Giấy · The parcel; constraint: one parcel, one asset, or a certificate alone';
COMMENT ON COLUMN registry.holding.certificate_id IS 'Giấy chứng nhận của quyền · The certificate of the right; constraint: no right is there twice';
COMMENT ON COLUMN registry.holding.role IS 'Vai trò: certificate_holder người đứng tên Giấy, current_user người sử dụng hiện tại (PL3-01 cột 14) · Role';
COMMENT ON COLUMN registry.holding.party IS 'Pháp nhân trên Giấy (PL3-01 cột 12): individual cá nhân, household hộ gia đình, couple vợ chồng, co_users đồng sử dụng, community cộng đồng, organisation tổ chức · Party that the certificate names';
COMMENT ON COLUMN registry.holding.member_role IS 'Vai trò trong pháp nhân: Chủ hộ, Chồng, Vợ… (PL3-01 cột 13) · Role within the party';
COMMENT ON COLUMN registry.holding.valid_to IS 'Hết hiệu lực từ ngày; ngày đã qua khi ghi thì quyền kết thúc ngay bằng biến động đó; ràng buộc: không trước valid_from · In force until this day: one that has come when it is written ends the right by that change, one to come ends nothing until somebody ends it (a finding from that day on); constraint: not before valid_from';
COMMENT ON COLUMN registry.holding.reason IS 'Lý do thay đổi người sử dụng (PL3-01 cột 17) · Why the user changed';
COMMENT ON COLUMN registry.holding.share_num IS 'Tử số của phần · Numerator of the exact share; none: held undivided; constraint: the shares of one right sum to 1, or nobody has one';
COMMENT ON COLUMN registry.holding.share_den IS 'Mẫu số của phần · Denominator of the exact share';

COMMENT ON TABLE registry.restriction IS 'Hạn chế quyền, thế chấp (LA_Restriction) · Restriction or mortgage on a parcel, an asset or a certificate; constraint: on at least one of them, in its ward, and in force only on what is in force';
COMMENT ON COLUMN registry.restriction.kind IS 'Loại hạn chế: thế chấp, quy hoạch, tranh chấp… · Kind of restriction';
COMMENT ON COLUMN registry.restriction.beneficiary IS 'Bên nhận: ngân hàng… · In whose favour';
COMMENT ON COLUMN registry.restriction.continues IS 'Hạn chế ban đầu mà dòng này tiếp nối sau tách, hợp thửa · The restriction (restriction.id) that it goes on from since a split or merge: the first of its line';
COMMENT ON COLUMN registry.restriction.valid_to IS 'Hết hiệu lực từ ngày; ngày đã qua khi ghi thì hạn chế kết thúc ngay bằng biến động đó; ràng buộc: không trước valid_from · In force until this day: one that has come when it is written ends it by that change, one to come ends nothing until somebody ends it (a finding from that day on); constraint: not before valid_from';
COMMENT ON COLUMN registry.restriction.description IS 'Nội dung · What it says';

COMMENT ON TABLE registry.document IS 'Văn bản, bản quét · Document or scan: what is known of it, not its content';
COMMENT ON COLUMN registry.document.kind IS 'Loại: GCN, GT giấy tờ nhân thân, hợp đồng, quyết định… · Kind of document';
COMMENT ON COLUMN registry.document.number IS 'Số hiệu văn bản · Its number';
COMMENT ON COLUMN registry.document.issued_on IS 'Ngày văn bản · Its date';
COMMENT ON COLUMN registry.document.issuer IS 'Cơ quan ban hành · Who issued it';
COMMENT ON COLUMN registry.document.file_name IS 'Tên tệp (PL3-01 cột 49) · Name of the file';
COMMENT ON COLUMN registry.document.media_type IS 'Kiểu tệp, ví dụ application/pdf · Media type';
COMMENT ON COLUMN registry.document.content_hash IS 'SHA-256 của nội dung; ràng buộc: một lần trong phường, trong các văn bản còn hiệu lực · SHA-256 of the content; constraint: once per ward among documents in force';
COMMENT ON COLUMN registry.document.size_bytes IS 'Kích thước, byte · Size in bytes';
COMMENT ON COLUMN registry.document.pages IS 'Số trang · Number of pages';

COMMENT ON TABLE registry.document_link IS 'Văn bản nói về đối tượng nào · What a document is about; constraint: each link is about exactly one thing';

COMMENT ON TABLE registry.change IS 'Biến động · Change: the event that made, altered or ended rows: who, when, why; never altered';
COMMENT ON COLUMN registry.change.ward_id IS 'Phường/xã; trống khi liên quan nhiều đơn vị · The ward; empty when it concerns several';
COMMENT ON COLUMN registry.change.kind IS 'Loại biến động: create tạo, correct đính chính, split tách, merge hợp, transfer chuyển quyền… · Kind of change';
COMMENT ON COLUMN registry.change.reason IS 'Lý do, không có dữ liệu cá nhân · The reason; no personal data';
COMMENT ON COLUMN registry.change.by IS 'Người làm: account:<tên>, cli:<người dùng>, db:<vai trò> khi sửa bằng SQL · Who did it: an account, who runs commands, or by direct SQL a role of the database';
COMMENT ON COLUMN registry.change.at IS 'Thời điểm ghi (UTC) · When it was done (UTC)';
COMMENT ON COLUMN registry.change.valid_on IS 'Ngày có hiệu lực · Day from which it holds';
COMMENT ON COLUMN registry.change.detail IS 'Chi tiết, ví dụ cân bằng diện tích; không có dữ liệu cá nhân · Facts of the change, such as the balance of areas; no personal data';
COMMENT ON COLUMN registry.change.undoes IS 'Biến động bị hoàn tác · The change that this one takes back; constraint: once';
COMMENT ON COLUMN registry.change.document_id IS 'Văn bản làm căn cứ · The document it rests on';

COMMENT ON TABLE verification.evidence IS 'Bằng chứng xác minh · Evidence: what a source said of a holder''s identity; append-only; it counts while the holder still bears the id it was given for';
COMMENT ON COLUMN verification.evidence.id_hash IS 'HMAC của số đã được hỏi · Keyed hash of the id that was asked about';
COMMENT ON COLUMN verification.evidence.source IS 'Nguồn, ví dụ CSDLQG về dân cư · Who said it';
COMMENT ON COLUMN verification.evidence.result IS 'Kết quả: sent đã gửi, verified khớp, mismatch lệch, not_found không tìm thấy, deceased đã mất, duplicate trùng · Result';
COMMENT ON COLUMN verification.evidence.raw_result IS 'Kết quả nguyên văn · The result as it was written';
COMMENT ON COLUMN verification.evidence.raw_note IS 'Ghi chú nguyên văn · The note as it was written';
COMMENT ON COLUMN verification.evidence.accepted_by IS 'Người nhận kết quả · Who accepted it';
COMMENT ON COLUMN verification.evidence.at IS 'Thời điểm nhận (UTC) · When it was accepted (UTC)';
COMMENT ON COLUMN verification.evidence.change_id IS 'Biến động mà bằng chứng thuộc về · The change (change.id) that it belongs to';

COMMENT ON TABLE verification.list IS 'Danh sách gửi công an xác minh · List of persons given to the police to be verified; append-only; who made it, when and why is said by its change';
COMMENT ON COLUMN verification.list.residential_group_id IS 'Tổ dân phố, khi danh sách chỉ của một tổ · The group (residential_group.id), when it is of one only';
COMMENT ON COLUMN verification.list.number IS 'Số thứ tự danh sách trong phường, từ 1 · Number among the lists of the ward, from 1 on';
COMMENT ON COLUMN verification.list.change_id IS 'Biến động đã lập danh sách · The change (change.id) that made it';

COMMENT ON TABLE verification.list_row IS 'Dòng của danh sách gửi xác minh: mỗi người một dòng, như giấy tờ ghi khi gửi · A row of such a list: each person once, as the papers said when it was made, with the first of the parcels by sheet and number';
COMMENT ON COLUMN verification.list_row.list_id IS 'Danh sách · The list (list.id)';
COMMENT ON COLUMN verification.list_row.row_no IS 'Số thứ tự dòng, từ 1, theo tờ và thửa · Number of the row, from 1 on, in the order of sheets and parcels';
COMMENT ON COLUMN verification.list_row.evidence_id IS 'Bằng chứng sent của dòng; trả lời là bằng chứng mới hơn về cùng một số · The evidence `sent` of this row; its answer is the newest later evidence on the same id';
COMMENT ON COLUMN verification.list_row.sheet_no IS 'Số tờ; khi chưa tìm thấy thửa: số trên Giấy chứng nhận · Sheet number; while the parcel is not found that on the certificate';
COMMENT ON COLUMN verification.list_row.parcel_no IS 'Số thửa, như trên · Parcel number, likewise';
COMMENT ON COLUMN verification.list_row.area_m2 IS 'Diện tích trên giấy tờ, nếu không có thì trên bản đồ, m² · Area on paper, else on the map, m²';
COMMENT ON COLUMN verification.list_row.serial IS 'Số phát hành Giấy chứng nhận; trống nếu không có · Serial of the certificate; empty where there is none';
COMMENT ON COLUMN verification.list_row.full_name IS 'Họ tên · Full name';
COMMENT ON COLUMN verification.list_row.birth_year IS 'Năm sinh · Year of birth';
COMMENT ON COLUMN verification.list_row.address IS 'Địa chỉ thường trú · Permanent address';
COMMENT ON COLUMN verification.list_row.id_kind IS 'Loại giấy tờ, như holder.id_kind · Kind of the id, as holder.id_kind';
COMMENT ON COLUMN verification.list_row.id_cipher IS 'Số đã mã hoá (AES-256-GCM), bản sao của holder.id_cipher · The id, encrypted: a copy of holder.id_cipher';
COMMENT ON COLUMN verification.list_row.id_hash IS 'HMAC của số · Keyed hash of the id';
COMMENT ON COLUMN verification.list_row.id_masked IS 'Số đã che · The id as it is shown, masked';

COMMENT ON VIEW verification.holder_status IS 'Tình trạng xác minh của mỗi người sử dụng đất · One exact status per holder; holds no personal data';
COMMENT ON COLUMN verification.holder_status.status IS 'Tự tính từ bằng chứng mới nhất về số hiện nay, unsent khi chưa có; missing_id khi không có số; organisation với tổ chức, cộng đồng · Derived from the newest evidence on the present id, unsent without any; missing_id where there is no id; organisation for organisations and communities';
COMMENT ON VIEW verification.status_in_reach IS 'Như verification.holder_status, của những người mà phiên làm việc được xem · The same, of the holders whom the transaction may see';
