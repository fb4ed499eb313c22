"""What roles and permissions are called, for people: Vietnamese, English."""

from __future__ import annotations

from gisland.security.permissions import Permission, Role

ROLES: dict[Role, tuple[str, str]] = {
    Role.VIEWER: ("Người xem", "Viewer"),
    Role.GROUP_HEAD: ("Tổ trưởng dân phố", "Head of a residential group"),
    Role.OFFICER: ("Cán bộ", "Officer"),
    Role.REGISTRAR: ("Cán bộ địa chính", "Registrar"),
    Role.POLICE: ("Công an", "Police"),
    Role.AUDITOR: ("Kiểm tra viên", "Auditor"),
    Role.ADMIN: ("Quản trị viên", "Administrator"),
}
PERMISSIONS: dict[Permission, tuple[str, str]] = {
    Permission.ACCOUNT_MANAGE: ("Quản lý tài khoản, vai trò", "Manage accounts and roles"),
    Permission.ALERT_ACKNOWLEDGE: ("Xác nhận cảnh báo", "Acknowledge alerts"),
    Permission.ALERT_READ: ("Xem cảnh báo", "See alerts"),
    Permission.AUDIT_MANAGE: ("Quản lý nhật ký", "Manage the audit log"),
    Permission.AUDIT_READ: ("Đọc nhật ký", "Read the audit log"),
    Permission.BENCH_RUN: ("Đo tốc độ", "Run races"),
    Permission.DATABASE_MANAGE: ("Quản lý cơ sở dữ liệu", "Manage the database"),
    Permission.DEMO_GENERATE: ("Tạo phường minh hoạ", "Make the demo ward"),
    Permission.EVIDENCE_IMPORT: ("Nhận kết quả xác minh", "Take in results of verification"),
    Permission.FORM_IMPORT: ("Nhận phiếu PL3-01", "Take in forms PL3-01"),
    Permission.IDENTITY_READ: ("Xem số định danh đã che", "See masked national ids"),
    Permission.IDENTITY_REVEAL: ("Xem số định danh đầy đủ, có lý do", "See a national id in clear, with a reason"),
    Permission.LAYER_APPLY: ("Áp dụng lớp bản đồ", "Apply layers"),
    Permission.MAP_PRINT: ("In bản đồ, danh sách", "Print maps and lists"),
    Permission.METRICS_READ: ("Đọc số đo vận hành", "Read the metrics"),
    Permission.PARCEL_IMPORT: ("Nhận thửa đất", "Take in parcels"),
    Permission.PERSON_READ: ("Xem tên, địa chỉ người sử dụng đất", "See names and addresses of land users"),
    Permission.PUBLIC_READ: ("Xem phần công khai", "See what is public"),
    Permission.REGISTRY_READ: ("Đọc sổ đăng ký", "Read the registry"),
    Permission.REGISTRY_SEARCH: ("Tìm trong sổ đăng ký", "Search the registry"),
    Permission.REGISTRY_WRITE: ("Ghi sổ đăng ký", "Write the registry"),
    Permission.SERVICE_RUN: ("Chạy dịch vụ", "Run the service"),
    Permission.STAFF_LAYER_READ: ("Xem lớp bản đồ dành cho cán bộ", "See the layers for staff"),
    Permission.UNIT_ADD: ("Thêm đơn vị hành chính", "Add administrative units"),
    Permission.VERIFICATION_CONFIRM: (
        "Xem số định danh đầy đủ trong danh sách xác minh",
        "See the national ids of lists for verification in clear",
    ),
    Permission.VERIFICATION_READ: ("Xem danh sách gửi xác minh", "See lists for verification"),
    Permission.VERIFICATION_SEND: ("Lập danh sách gửi xác minh", "Make lists for verification"),
}
