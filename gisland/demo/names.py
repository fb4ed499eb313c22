"""Invented names: people, streets, fields, organisations. No list here is taken from a real register."""

import numpy as np
from numpy.typing import NDArray

FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Ngô",
    "Đào",
    "Đoàn",
    "Lương",
    "Phùng",
    "Tạ",
    "Mạc",
    "Cao",
    "Đinh",
    "Lưu",
    "Trịnh",
)
FAMILY_WEIGHTS = np.array([28, 12, 9, 8, 5, 6, 4, 4, 5, 3, 2, 2, 2, 1.5, 1.5, 1, 1.5, 2, 1.2, 1.5])
MIDDLE_MEN = ("Văn", "Đức", "Quang", "Hữu", "Xuân", "Minh", "Công", "Đình", "Trọng", "Việt", "Thế", "Ngọc")
MIDDLE_WOMEN = ("Thị", "Thị", "Thị", "Thị Thu", "Thị Bích", "Thị Kim", "Ngọc", "Thanh", "Phương", "Thúy", "Thị Mỹ")
GIVEN_MEN = (
    "An", "Bách", "Bình", "Cường", "Dũng", "Duy", "Đạt", "Đông", "Giang", "Hải", "Hiếu", "Hòa", "Hùng",
    "Hưng", "Khánh", "Khoa", "Kiên", "Lâm", "Long", "Lộc", "Mạnh", "Nam", "Nghĩa", "Phong", "Phú", "Quân",
    "Quý", "Sơn", "Tâm", "Thành", "Thắng", "Thịnh", "Thủy", "Tiến", "Toàn", "Trung", "Tuấn", "Tùng", "Vinh",
    "Vượng",
)  # fmt: skip
GIVEN_WOMEN = (
    "Anh", "Ánh", "Châu", "Chi", "Diệp", "Dung", "Duyên", "Đào", "Gấm", "Hà", "Hằng", "Hạnh", "Hiền", "Hoa",
    "Hòa", "Hồng", "Huệ", "Hương", "Lan", "Liên", "Linh", "Loan", "Lý", "Mai", "Minh", "Nga", "Ngân", "Nhung",
    "Oanh", "Phượng", "Quyên", "Sen", "Tâm", "Thảo", "Thoa", "Thúy", "Trang", "Tuyết", "Vân", "Yến",
)  # fmt: skip
STREET_FIRST = (
    "Bến",
    "Cầu",
    "Vườn",
    "Hoa",
    "Đầm",
    "Lạch",
    "Gò",
    "Bãi",
    "Cửa",
    "Chợ",
    "Giếng",
    "Rặng",
    "Ao",
    "Đò",
    "Xóm",
)
STREET_SECOND = (
    "Trúc",
    "Sen",
    "Phượng",
    "Sậy",
    "Bần",
    "Gạo",
    "Vôi",
    "Đá",
    "Mía",
    "Dâu",
    "Tre",
    "Nhãn",
    "Muối",
    "Gốm",
    "Thuyền",
    "Súng",
    "Cau",
    "Đước",
    "Lau",
    "Bàng",
)
FIELDS = (
    "Cửa Đình",
    "Đồng Sâu",
    "Bờ Vùng",
    "Gò Mả",
    "Đồng Cạn",
    "Mả Lẻ",
    "Cầu Đá",
    "Đồng Mương",
    "Sau Chùa",
    "Đống Cao",
)
FIRMS = (
    "Vận tải biển",
    "Cơ khí",
    "Kho vận",
    "Xây dựng",
    "Bao bì",
    "Thủy sản",
    "Thép",
    "May mặc",
    "Đóng tàu",
    "Thương mại",
)
FIRM_NAMES = (
    "Sao Cảng",
    "Tân Triều",
    "Đại Bàng Biển",
    "Phú Lạch",
    "Minh Thủy",
    "Bến Mới",
    "Hải Âu Xanh",
    "Đông Gò",
    "Việt Sậy",
    "Thành Muối",
)
OFFICES = {
    "DGD": ("Trường Tiểu học", "Trường Trung học cơ sở", "Trường Mầm non"),
    "DYT": ("Trạm Y tế phường",),
    "TSC": ("Ủy ban nhân dân phường", "Ban Chỉ huy Quân sự phường"),
    "DCH": ("Ban Quản lý chợ",),
    "DVH": ("Nhà văn hóa khu",),
    "TON": ("Chùa", "Giáo xứ"),
    "DNL": ("Điện lực khu vực",),
}
COMMUNITIES = ("Cộng đồng dân cư miếu", "Cộng đồng dân cư đình", "Cộng đồng dân cư xóm")


def street_names(count: int, rng: np.random.Generator) -> list[str]:
    """As many different street names as asked for."""
    pairs = [f"{first} {second}" for first in STREET_FIRST for second in STREET_SECOND]
    rng.shuffle(pairs)
    return [pairs[i % len(pairs)] + (f" {i // len(pairs) + 1}" if i >= len(pairs) else "") for i in range(count)]


def people_names(women: NDArray[np.bool_], rng: np.random.Generator) -> list[str]:
    """A full name for each person: family, middle and given name."""
    count = len(women)
    family = rng.choice(np.array(FAMILY), count, p=FAMILY_WEIGHTS / FAMILY_WEIGHTS.sum())
    middle = np.where(women, rng.choice(np.array(MIDDLE_WOMEN), count), rng.choice(np.array(MIDDLE_MEN), count))
    given = np.where(women, rng.choice(np.array(GIVEN_WOMEN), count), rng.choice(np.array(GIVEN_MEN), count))
    return [f"{a} {b} {c}" for a, b, c in zip(family, middle, given, strict=True)]
