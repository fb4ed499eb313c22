"""A page of a finished print as a picture, for screens and for looking at it."""

from __future__ import annotations

import io
import threading

import pypdfium2

from gisland.errors import InputError, UsageError

LEAST_DPI, MOST_DPI = 36, 600
MOST_PIXELS = 200_000_000
"""An A0 sheet at 300 dpi has 140 million."""
# PDFium may not be used by several threads at a time, whatever files they look at.
_one_at_a_time = threading.Lock()


def picture(content: bytes, page: int = 1, dpi: int = 150, most_pixels: int = MOST_PIXELS) -> bytes:
    """A page of a PDF as PNG; the same input gives the same bytes.

    Args:
        content: the PDF.
        page: its number, from 1.
        dpi: dots per inch.
        most_pixels: of the picture.

    Raises:
        InputError: it is no PDF.
        UsageError: there is no such page, or the picture would be too small or too large.
    """
    if not LEAST_DPI <= dpi <= MOST_DPI:
        raise UsageError(f"dpi {dpi}", hint=f"{LEAST_DPI}…{MOST_DPI}", parameter="dpi")
    with _one_at_a_time:
        return _picture(content, page, dpi, most_pixels)


def _picture(content: bytes, page: int, dpi: int, most_pixels: int) -> bytes:
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        raise InputError("không phải tệp PDF · this is no PDF") from None
    try:
        if not 1 <= page <= len(pdf):
            raise UsageError(f"không có trang {page} · there is no page {page}", hint=f"1…{len(pdf)}", parameter="page")
        wide, high = pdf[page - 1].get_size()
        if wide * high * (dpi / 72) ** 2 > most_pixels:
            raise UsageError(f"ảnh quá lớn ở {dpi} dpi · the picture is too large at {dpi} dpi", parameter="dpi")
        image = pdf[page - 1].render(scale=dpi / 72).to_pil()
    finally:
        pdf.close()
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
