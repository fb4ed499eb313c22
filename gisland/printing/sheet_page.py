"""The page of a map sheet: the map in its official frame, title and joining box above, totals and signatures below."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from gisland.errors import UsageError
from gisland.printing.blocks import north_arrow, qr_block, scale_bar, signature_block, wrapped
from gisland.printing.fonts import CAP_HEIGHT
from gisland.printing.ink import BLACK, Ink, color
from gisland.printing.layout import MapPage
from gisland.printing.lists import Table, draw_table
from gisland.printing.mapsheet import (
    OUTLINE,
    Labelled,
    draw_crosses,
    draw_frame,
    draw_labels,
    draw_leaders,
    draw_neighbours,
)
from gisland.printing.marks import QR
from gisland.printing.model import Parcel, decimal, grouped, shortened, thousands
from gisland.printing.paper import LARGE_SIZES, Box, Orientation, Paper
from gisland.printing.placement import Place
from gisland.printing.remarks import saved
from gisland.printing.scene import Scene, to_paper
from gisland.printing.tables import Cell, Column, draw_header, draw_row

EDGE, ABOVE, BELOW = 14.0, 40.0, 46.0
"""Around the frame: at the sides, for the title, for totals and signatures; mm."""
AROUND = 8.0
"""Between the frame and what stands above and below it: the values of the grid."""
BODY = 330.0
"""So wide at least is what stands above and below the map, where the paper is."""
CELL = (16.0, 8.0)
ROW, TABLE, TABLE_GAP = 3.8, 46.0, 4.0
MOST_TOLD = 20
"""Numbers of cut parcels that are told: there is room for two lines of them."""
FURTHER = Paper("A3", "landscape", *LARGE_SIZES["A3"])
"""The sheet of a table that finds no room below the map."""


@dataclass(frozen=True)
class SheetPaper(Paper):
    """A large sheet with a map of a given size in it."""

    map: tuple[float, float] = (0.0, 0.0)
    """Width and height of the map, mm."""
    low: float = 0.0
    """What lies below the frame, mm."""

    @property
    def frame(self) -> Box:
        """The map frame: in the middle, between title and tables."""
        wide, high = self.map
        return Box((self.width - wide) / 2, self.low + (self.height - self.low - ABOVE - high) / 2, wide, high)

    @property
    def body(self) -> Box:
        """What stands above and below the map is as wide as this: as the map, or wider, for a small one."""
        wide = max(self.frame.width, min(self.width - 2 * EDGE, BODY))
        return Box((self.width - wide) / 2, 0, wide, self.height)

    @classmethod
    def unknown(cls) -> SheetPaper:
        """Before it is known which paper is needed."""
        return cls("A0", "landscape", *LARGE_SIZES["A0"])


@dataclass(frozen=True)
class About:
    """What a sheet tells of itself."""

    number: str
    name: str
    sheets: int
    """Of the ward."""
    beside: dict[tuple[int, int], list[str]]
    """Numbers of the sheets around, by where they lie: so many to the east and north, of -1, 0, 1."""
    small: tuple[Parcel, ...] = field(default=())
    """Parcels that are not labelled in full."""
    cut: tuple[Parcel, ...] = field(default=())
    """Parcels that reach out of the frame."""
    below: bool = True
    """Whether their table stands below the map; else it has pages of its own."""


def fitting(name: str, place: Place, small: int) -> SheetPaper:
    """The smallest paper, either way round, on which a sheet fits at its scale.

    Args:
        name: A3 to A0, or `auto`.
        place: the frame on the ground.
        small: how many parcels stand in the table below.

    Raises:
        UsageError: there is no such paper, or the sheet does not fit on it.
    """
    if name.lower() != "auto" and name.upper() not in LARGE_SIZES:
        raise UsageError(f"--paper {name[:10]}", hint=f"auto, {', '.join(LARGE_SIZES)}", parameter="paper")
    wide, high = place.width * 1000 / place.scale, place.height * 1000 / place.scale
    fits: list[SheetPaper] = []
    for each, (long, short) in LARGE_SIZES.items():
        ways = [(long, short, "landscape"), (short, long, "portrait")]
        # The way round that leaves the margins alike.
        ways.sort(key=lambda way: abs((way[0] - wide) - (way[1] - high - ABOVE - BELOW)))
        for width, height, way in ways:
            orientation: Orientation = "landscape" if way == "landscape" else "portrait"
            low = BELOW + AROUND + _table_height(small, max(wide, min(width - 2 * EDGE, BODY)))
            if wide + 2 * EDGE <= width and high + ABOVE + low <= height:
                fits.append(SheetPaper(each, orientation, width, height, (wide, high), low))
    asked = [sheet for sheet in fits if name.lower() == "auto" or sheet.name == name.upper()]
    if not asked:
        needed = fits[0].name if fits else None
        raise UsageError(
            f"tờ bản đồ {wide:.0f} × {high:.0f} mm không vừa giấy · a map of {wide:.0f} × {high:.0f} mm does not fit",
            hint=f"--paper {needed}" if needed else "kiểm tra tỷ lệ của tờ · check the scale of the sheet",
            parameter="paper",
        )
    return asked[0]


def fits(name: str, place: Place, small: int = 0) -> bool:
    """Whether a sheet fits on a paper at its scale, with its table of small parcels."""
    try:
        fitting(name, place, small)
    except UsageError:
        return False
    return True


def _table_height(small: int, width: float) -> float:
    """How high the table of small parcels is, where it may be that wide."""
    if not small:
        return 0.0
    beside = _beside(width)
    return 10 + ROW * (1 + -(-small // beside))


def _beside(width: float) -> int:
    """How many tables stand beside each other."""
    return max(1, int((width + TABLE_GAP) / (TABLE + TABLE_GAP)))


def _body(scene: Scene) -> Box:
    assert isinstance(scene.paper, SheetPaper)
    return scene.paper.body


def draw_sheet(scene: Scene, page: MapPage, labelled: Labelled, about: About) -> bytes:
    """Draw the sheet."""
    words, paper = scene.words, scene.paper
    title = f"{scene.product.title.to(words.language)} – {words('sheet_no', number=about.number)}"
    ink = Ink(title, scene.place_name, scene.by)
    with ink.page(paper.width, paper.height, name="sheet", title=title):
        _map(ink, scene, page, labelled)
        _head(ink, scene, about)
        _foot(ink, scene, page, about)
        if about.below:
            _small(ink, scene, about)
    if not about.below:
        further = replace(scene, paper=FURTHER)
        draw_table(ink, further, _table(further, about), 1)
    return saved(ink, scene)


def _map(ink: Ink, scene: Scene, page: MapPage, labelled: Labelled) -> None:
    frame, place = scene.paper.frame, page.place
    with ink.kept():
        ink.clip(frame)
        draw_neighbours(ink, scene, place, labelled)
        ink.draw_with(color(scene.palette.stroke), OUTLINE)
        ink.polygons(to_paper(scene.group.shapes, place, frame), stroke=True)
        draw_crosses(ink, place, frame)
        draw_labels(ink, scene, place, labelled.labels, labelled.seen, plain=True)
        draw_leaders(ink, scene, place, labelled.leaders)
    draw_frame(ink, place, frame)
    _corners(ink, place, frame)


def _corners(ink: Ink, place: Place, frame: Box) -> None:
    """The kilometres of the corners of the frame: north beside it, east above and below."""
    size = 2.0 / CAP_HEIGHT
    ink.fill_with(BLACK)

    def km(metres: float) -> str:
        said = f"{metres / 1000:.3f}".rstrip("0").rstrip(".")
        return f"{said.replace('.', ',')} km"

    for x, east, align in ((frame.x, place.west, "left"), (frame.right, place.east, "right")):
        for y in (frame.y - 7.4, frame.top + 5.2):
            ink.text(x, y, km(east), size, bold=True, align="left" if align == "left" else "right")
    for y, north, end in ((frame.y, place.south, "left"), (frame.top, place.north, "right")):
        for x in (frame.x - 5.4, frame.right + 7.4):
            ink.text(x, y, km(north), size, bold=True, align="left" if end == "left" else "right", angle=90)


def _head(ink: Ink, scene: Scene, about: About) -> None:
    """Province, ward, title and number in the middle; the joining box at the left; the code at the right."""
    words, frame, body = scene.words, scene.paper.frame, _body(scene)
    top, middle = frame.top + AROUND + ABOVE - 12, body.middle[0]
    room = body.width - 2 * (3 * CELL[0] + 6)
    size = min(max(body.width / 50, 6.5), 13.0)
    ink.fill_with(BLACK)
    ink.text(middle, top - 3, scene.province.upper(), 3.6, align="middle", room=room)
    ink.text(
        middle, top - 8.4, f"{scene.place_name.upper()} ({scene.ward_code})", 4.2, bold=True, align="middle", room=room
    )
    title = f"{scene.product.title.to(words.language).upper()} – {words('sheet_no', number=about.number)}"
    ink.text(middle, top - 12 - size * 0.8, title, size, bold=True, align="middle", room=room)
    if about.name:
        ink.text(middle, top - 17.5 - size * 0.8, words("sheet_name", said=about.name), 3.6, align="middle", room=room)
    _joining(ink, scene, about, Box(body.x, top - 3 * CELL[1] - 2.6, 3 * CELL[0], 3 * CELL[1]))
    qr_block(ink, scene, body.right - QR - 6, top - QR - 7, scene.code("B1"))
    north_arrow(ink, words("north"), body.right - QR - 14, top - 22, 16)


def _joining(ink: Ink, scene: Scene, about: About, box: Box) -> None:
    """Nine sheets with their numbers, this one in the middle."""
    wide, high = CELL
    ink.fill_with(BLACK)
    ink.text(box.x, box.top + 1.4, scene.words("joining"), 2.6, bold=True)
    ink.fill_with((0.85, 0.85, 0.85))
    ink.box(Box(box.x + wide, box.y + high, wide, high), fill=True, stroke=False)
    ink.draw_with(BLACK, 0.2)
    for east in (-1, 0, 1):
        for north in (-1, 0, 1):
            cell = Box(box.x + (east + 1) * wide, box.y + (north + 1) * high, wide, high)
            ink.box(cell)
            own = (east, north) == (0, 0)
            said = about.number if own else ", ".join(about.beside.get((east, north), []))
            ink.fill_with(BLACK)
            ink.text(cell.middle[0], cell.middle[1] - 1, said, 2.8, bold=own, align="middle", room=wide - 1)


def _foot(ink: Ink, scene: Scene, page: MapPage, about: About) -> None:
    """Scale, totals and notes at the left, signatures at the right."""
    words, frame, body = scene.words, scene.paper.frame, _body(scene)
    top, language = frame.y - AROUND, words.language
    signs = min(body.width * 0.6, 62.0 * len(scene.product.signatures))
    left = Box(body.x, top - BELOW + 10, body.width - signs - 6, BELOW - 12)
    ink.fill_with(BLACK)
    ink.text(
        left.x, left.top - 5, words("scale_big", scale=thousands(page.place.scale)), 5.0, bold=True, room=left.width
    )
    metres = f"{page.place.scale / 100:g}".replace(".", ",")
    ink.text(left.x, left.top - 9.2, words("scale_note", metres=metres), 2.5, room=left.width)
    scale_bar(ink, left.x, left.top - 13.6, page.place.scale, min(90, left.width - 12))
    types = Counter(parcel.land_type or "?" for parcel in scene.group.parcels)
    area = sum(parcel.area for parcel in scene.group.parcels)
    said = ", ".join(f"{name} {count}" for name, count in sorted(types.items(), key=lambda each: (-each[1], each[0])))
    lines = [
        f"{words('sheets_total', count=about.sheets)}. {words('parcels_total', count=len(scene.group.parcels))}. "
        + words("area_total", area=grouped(area, 1)),
        words("by_type", said=said),
        *([words("cut", said=shortened([parcel.number for parcel in about.cut], MOST_TOLD))] if about.cut else []),
        f"{scene.plane}. {words('data', version=scene.version, time=scene.time)}. {words('printed_by', by=scene.by)}.",
        " ".join([scene.product.notice.to(language) + ".", *(note.to(language) for note in scene.product.notes)]),
    ]
    y = left.top - 20
    for line in lines:
        for part in wrapped(line, 2.4, left.width):
            ink.text(left.x, y, part, 2.4)
            y -= 3.3
    signature_block(ink, scene, Box(body.right - signs, left.top - 30, signs, 29))


def pages(scene: Scene, about: About) -> int:
    """Pages of the file."""
    further = replace(scene, paper=FURTHER)
    return 1 if about.below else 1 + _table(further, about).pages(further)


def _columns(scene: Scene) -> list[Column]:
    words = scene.words
    return [
        Column(words("small_parcel"), 11, "middle", bold=True),
        Column(words("area"), 18, "middle"),
        Column(words("land_type"), 17, "middle"),
    ]


def _cells(parcel: Parcel) -> list[Cell]:
    return [parcel.number, decimal(parcel.area), parcel.land_type]


def _table(scene: Scene, about: About) -> Table:
    title = f"{scene.words('small')} – {scene.words('sheet_no', number=about.number).lower()}"
    return Table("small", title, _columns(scene), [_cells(each) for each in about.small], 4.6, "S", 6)


def _small(ink: Ink, scene: Scene, about: About) -> None:
    """The table of small parcels below everything, in as many columns as the paper has room for."""
    if not about.small:
        return
    words = scene.words
    beside = _beside(_body(scene).width)
    rows = -(-len(about.small) // beside)
    top = scene.paper.frame.y - AROUND - BELOW - 2
    ink.fill_with(BLACK)
    body = _body(scene)
    ink.text(body.x, top, words("small"), 3.0, bold=True)
    columns = _columns(scene)
    for part in range(-(-len(about.small) // rows)):
        x = body.x + part * (TABLE + TABLE_GAP)
        draw_header(ink, columns, Box(x, top - 2 - ROW, TABLE, ROW), 2.2)
        for index, parcel in enumerate(about.small[part * rows : (part + 1) * rows]):
            box = Box(x, top - 2 - ROW * (index + 2), TABLE, ROW)
            draw_row(ink, columns, _cells(parcel), box, 2.3)
