"""Thirty and more dirty files of one small market: what each holds, and what must come of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

HEAD = ["product", "firm", "price", "share", "margin"]
ROWS: list[list[Any]] = [
    ["Atlas", "Alpha", 128000, 0.06, 0.22],
    ["Boreal", "Beta", 112000.5, 0.045, None],
    ["Comet", "Gamma", 146000, 0.03, -0.08],
]
"""The market that every readable file holds."""
CHINESE = ["车型", "厂商", "售价（万元）", "市场份额(%)", "毛利率"]
CLEAN = "product,firm,price,share,margin\nAtlas,Alpha,128000,0.06,0.22\nBoreal,Beta,112000.5,0.045,\n"
CLEAN += "Comet,Gamma,146000,0.03,-0.08\n"


@dataclass(frozen=True)
class Dirty:
    """A file, how it is read, and either the notes on what was done, or place and word of the refusal."""

    content: bytes
    suffix: str = ".csv"
    notes: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None
    options: dict[str, Any] = field(default_factory=dict)


def csv(text: str, encoding: str = "utf-8", **more: Any) -> Dirty:
    return Dirty(text.encode(encoding), **more)


def xlsx(rows: list[list[Any]], edit: Callable[[Any], None] = lambda sheet: None, **more: Any) -> Dirty:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    edit(sheet)
    file = io.BytesIO()
    book.save(file)
    return Dirty(file.getvalue(), ".xlsx", **more)


def ods(rows: list[list[Any]], hidden: bool = False, **more: Any) -> Dirty:
    """A cell is a text, a number, ("%", number), ("error",), ("formula",) or None."""
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    more_spaces = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    content = (
        f"<office:document-content {spaces} {more_spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Tabelle1">{body}<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return Dirty(file.getvalue(), ".ods", **more)


def _ods_cell(value: Any) -> str:
    match value:
        case None:
            return "<table:table-cell/>"
        case ("%", number):
            shown = f"<text:p>{100 * number:g}%</text:p>"
            kind = f'office:value-type="percentage" office:value="{number}"'
            return f"<table:table-cell {kind}>{shown}</table:table-cell>"
        case ("shown", number, text):
            kind = f'office:value-type="float" office:value="{number}"'
            return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"
        case ("error",):
            kind = 'table:formula="of:=1/0" office:value-type="string" calcext:value-type="error"'
            return f"<table:table-cell {kind}><text:p>#DIV/0!</text:p></table:table-cell>"
        case ("formula",):
            return '<table:table-cell table:formula="of:=[.A1]*2"/>'
        case str():
            kind = 'office:value-type="string"'
            return f"<table:table-cell {kind}><text:p>{escape(value)}</text:p></table:table-cell>"
        case _:
            kind = f'office:value-type="float" office:value="{value}"'
            return f"<table:table-cell {kind}><text:p>{value}</text:p></table:table-cell>"


def _percent_cells(sheet: Any) -> None:
    for row in range(2, 5):
        sheet.cell(row, 5).number_format = "0.0%"
        sheet.cell(row, 4).number_format = "0.00%"


def _merged_firms(sheet: Any) -> None:
    sheet.merge_cells("B2:B3")


def _merged_prices(sheet: Any) -> None:
    sheet.merge_cells("C2:C3")


def _titled(sheet: Any) -> None:
    sheet.merge_cells("A1:E1")


def _hidden_row(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def _second_sheet(name: str, rows: list[list[Any]], state: str = "visible") -> Callable[[Any], None]:
    def add(sheet: Any) -> None:
        other = sheet.parent.create_sheet(name)
        other.sheet_state = state
        for row in rows:
            other.append(row)

    return add


def _error(sheet: Any) -> None:
    sheet["E3"] = "#DIV/0!"
    sheet["E3"].data_type = "e"


def _ten_thousands(sheet: Any) -> None:
    sheet["C2"].number_format = '0!.0,"万"'


def _two_currencies(sheet: Any) -> None:
    sheet["C2"].number_format = '"¥"#,##0'
    sheet["C3"].number_format = "[$€-407]#,##0"


def _millions(sheet: Any) -> None:
    sheet["C2"].number_format = '0.0" Mio"'


def _thousands(sheet: Any) -> None:
    for row in (2, 3, 4):
        sheet.cell(row, 3).number_format = "#,##0.0, [$€-407]"


GERMAN = "Modell;Hersteller;Preis (€);Marktanteil in %;Marge\nAtlas;Alpha;128.000,00;6;22 %\n"
GERMAN += "Boreal;Beta;112.000,50;4,5;k.A.\nComet;Gamma;146.000,00;3;-8 %\n"
FRENCH = "Modèle;Constructeur;Prix;Part de marché (%);Marge (%)\nAtlas;Alpha;128 000;6;22\n"
FRENCH += "Boreal;Beta;112\u202f000,5;4,5;\nComet;Gamma;146 000;3;−8\n"
WAN = "车型,厂商,售价（万元）,市场份额(%),毛利率\nAtlas,Alpha,12.8,6,22%\nBoreal,Beta,11.20005,4.5,暂无\n"
WAN += "Comet,Gamma,14.6,3,-8%\n"
TIMES = "multiplied by 10,000"

RIGHT = {
    "clean": csv(CLEAN),
    "BOM and CRLF": csv(CLEAN.replace("\n", "\r\n"), "utf-8-sig"),
    "GBK, as Chinese Excel saves": csv(WAN, "gbk", notes=("GB18030", TIMES)),
    "GB18030": csv(WAN, "gb18030", notes=("GB18030",)),
    "UTF-16 with tabs, Excel's Unicode text": csv(CLEAN.replace(",", "\t"), "utf-16"),
    "UTF-16 without a mark": csv(CLEAN, "utf-16-le", notes=("UTF-16",)),
    "French, in Latin-1": csv(FRENCH.replace("\u202f", " ").replace("−", "-"), "latin-1", notes=("Latin-1",)),
    "French, narrow blanks and a real minus": csv(FRENCH),
    "German": csv(GERMAN),
    "German in Windows's own": csv(GERMAN, "cp1252", notes=("Latin-1",)),
    "sep= line of Excel": csv("sep=;\n" + CLEAN.replace(",", ";")),
    "yuan and ten thousands in cells": csv(
        CLEAN.replace("128000", "￥12.8万").replace("112000.5", "￥11.20005万").replace("146000", "￥14.6万")
    ),
    "thousands of the English": csv(
        CLEAN.replace("128000", '"128,000"')
        .replace("112000.5", '"112,000.5"')
        .replace("146000", '"$146,000"')
    ),
    "Swiss thousands": csv(CLEAN.replace("128000", "128'000").replace("146000", "146’000")),
    "full-width digits and signs": csv(
        CLEAN.replace("128000", "１２８０００").replace("0.22", "２２％").replace("-0.08", "－８％")
    ),
    "negative in parentheses": csv(CLEAN.replace("0.22", "22%").replace("-0.08", "(8%)")),
    "minus at the end": csv(CLEAN.replace("-0.08", "0.08-")),
    "title above, total and source below": csv(
        "Market of 2024,,,,\n,,,,\n" + CLEAN + "Total,,,0.135,\nSource: invented,,,,\n",
        notes=("Row 1 is above", "Row 7 is a total", "Row 8 is below the table"),
    ),
    "Chinese total": csv(
        WAN + "合计,,,13.5,\n数据来源：虚构,,,,\n", notes=("Row 5 is a total", "Row 6 is below")
    ),
    "names repeated on a second page": csv(
        CLEAN.replace("Comet", "\nproduct,firm,price,share,margin\nComet"), notes=("Row 5 repeats",)
    ),
    "a row of units": csv(
        WAN.replace("（万元）", "").replace("(%)", "").replace("毛利率\n", "毛利率\n,,万元,%,\n"),
        notes=("Row 2 was read as the units",),
    ),
    "blanks, zero-width signs, other columns": csv(
        "remark, Product ,FIRM,Price,Share,Margin,\nx, Atlas\u200b ,Alpha,128000,0.06,0.22,\n\n"
        "y,Boreal, Beta\u00a0,112000.5,0.045,–,\n,Comet,Gamma,146000,0.03,-0.08,\n"
    ),
    "shares of thousands sold": csv(
        "product,firm,price,units (thousand),margin\nAtlas,Alpha,128000,60,0.22\nBoreal,Beta,112000.5,45,\n"
        "Comet,Gamma,146000,30,-0.08\n",
        options={"market_size": 1_000_000.0},
        notes=("multiplied by 1,000",),
    ),
    "doubtful numbers with the mark told": csv(
        "product;firm;price;share;margin\nAtlas;Alpha;128.000;0,06;0,22\nBoreal;Beta;112.000,5;0,045;\n"
        "Comet;Gamma;146.000;0,03;-0,08\n",
        options={"decimal": ","},
    ),
    "XLSX": xlsx([HEAD, *ROWS]),
    "XLSX, per cent by format under a name in per cent": xlsx(
        [["product", "firm", "price", "share (%)", "margin (%)"], *ROWS], _percent_cells
    ),
    "XLSX with a merged title, a total, an empty row": xlsx(
        [["Market"], HEAD, ROWS[0], [], *ROWS[1:], ["Grand total", None, None, 0.135, None]],
        _titled,
        notes=("Row 1 is above", "Row 7 is a total"),
    ),
    "XLSX that shows thousands under a name in thousands": xlsx(
        [["product", "firm", "price (k€)", "share", "margin"], *ROWS], _thousands, notes=("by 1,000",)
    ),
    "ODS that shows thousands under a name in thousands": ods(
        [
            ["product", "firm", "price (k€)", "share", "margin"],
            *[[*r[:2], ("shown", r[2], f"{r[2] / 1000:.1f}"), *r[3:]] for r in ROWS],
        ],
        notes=("by 1,000",),
    ),
    "ODS with German thousands": ods(
        [HEAD, *[[*r[:2], ("shown", r[2], f"{r[2]:,.0f}".replace(",", ".")), *r[3:]] for r in ROWS]]
    ),
    "other words beside the column's own name": csv(
        "model,product,maker,firm,price,price (CNY),share,margin\nM1,Atlas,x,Alpha,128000,1,0.06,0.22\n"
        "M2,Boreal,y,Beta,112000.5,2,0.045,\nM3,Comet,z,Gamma,146000,3,0.03,-0.08\n"
    ),
    "XLSX with a hidden row": xlsx([HEAD, *ROWS], _hidden_row, notes=("hides were read: 3",)),
    "XLSX, several sheets, one fits": xlsx([["Read me"], ["a", "b"]], _second_sheet("data", [HEAD, *ROWS])),
    "XLSX, the sheet named": xlsx(
        [HEAD, *ROWS[:1]], _second_sheet("2024", [HEAD, *ROWS]), options={"sheet": "2024"}
    ),
    "XLSX, the other sheet hidden": xlsx([HEAD, *ROWS], _second_sheet("old", [HEAD, *ROWS[:2]], "hidden")),
    "XLSX, numbers as text": xlsx(
        [HEAD, *[[str(c) if c is not None else "n/a" for c in row] for row in ROWS]]
    ),
    "ODS": ods([HEAD, *ROWS]),
    "ODS, per cent under a name in per cent": ods(
        [["product", "firm", "price", "share", "margin (%)"], *[[*r[:4], r[4] and ("%", r[4])] for r in ROWS]]
    ),
}
_BETA = [["Atlas", "Alpha", 1, 0.1, 0.2], ["Boreal", "Alpha", 2, 0.1, None], ["Comet", "Gamma", 3, 0.1, 0.1]]
REFUSED = {
    "shares as fractions under a name in per cent": csv(
        CLEAN.replace("share", "share (%)"), refused=("rows 2 to 4, column share", "without %")
    ),
    "revenue in place of quantities": csv(
        CLEAN.replace("share", "quantity (万元)"), refused=("row 1, column share", "quantity")
    ),
    "a unit in the name and another below it": csv(
        WAN.replace("毛利率\n", "毛利率\n,,元,%,\n"), refused=("row 2, column price", "元")
    ),
    "XLSX with two currencies by format": xlsx(
        [HEAD, *ROWS], _two_currencies, refused=("row 3, column price", "CNY")
    ),
    "XLSX that adds a unit in words": xlsx(
        [HEAD, *ROWS], _millions, refused=("row 2, column price", "by its format")
    ),
    "a thousand or a fraction": csv(
        CLEAN.replace("128000", "1.280").replace("112000.5", "1.120").replace("146000", "1.460"),
        refused=("row 2, column price", "1280 or 1.28"),
    ),
    "two decimal marks in one column": csv(
        CLEAN.replace(",", ";").replace("128000", "12,8").replace("112000.5", "11.2"),
        refused=("row 3, column price", "as in row 2"),
    ),
    "a unit lost": csv(
        CLEAN.replace("128000", "12.8万").replace("112000.5", "11.2"),
        refused=("row 3, column price", "12.8万"),
    ),
    "per cent and fractions": csv(CLEAN.replace("0.22", "22%"), refused=("row 4, column margin", "22%")),
    "two currencies": csv(
        CLEAN.replace("128000", "$12").replace("146000", "€13"), refused=("row 4, column price", "USD")
    ),
    "fractions under a name in per cent": csv(
        CLEAN.replace("margin", "margin (%)"), refused=("row 2, column margin", "22, not 0.22")
    ),
    "per cent under a plain name": csv(
        CLEAN.replace("-0.08", "-8"), refused=("row 4, column margin", "margin_pct")
    ),
    "M, a thousand or a million": csv(
        CLEAN.replace("128000", "128M"), refused=("row 2, column price", "128M")
    ),
    "decimal commas without quotes": csv(
        CLEAN.replace("112000.5", "112000,5"), refused=("row 3, column 6", "comma")
    ),
    "decimal commas without quotes, last cell empty": csv(
        "product,firm,price,quantity,margin\nAtlas,Alpha,12,60,0.22\nBoreal,Beta,11,5,45,\n",
        refused=("row 3, column 6", "6 cells"),
        options={"market_size": 1000.0},
    ),
    "a total with a firm": csv(
        CLEAN + "Total,Alpha,,0.06,\n", refused=("row 5, column product", "a name, or a total")
    ),
    "the unit in the title": csv(
        "单位：万元,,,,\n" + CLEAN, refused=("row 1", "the unit in the name of its column")
    ),
    "one firm in two writings": csv(
        CLEAN.replace("Gamma", "ALPHA"), refused=("row 4, column firm", "as in row 2")
    ),
    "half of GBK, half of UTF-8": Dirty(
        CLEAN.replace("Atlas", "秦").encode() + "汉,比亚迪,1,0.01,\n".encode("gbk"),
        refused=("row 5, column 1", "UTF-8"),
    ),
    "Russian in Windows's own": csv(
        CLEAN.replace("Atlas", "Москва"), "cp1251", refused=("row 2, column 1", "UTF-8")
    ),
    "a section without values": csv(
        CLEAN.replace("Comet", "Sedans,,,,\nComet"), refused=("row 4, column firm", "an empty cell")
    ),
    "XLSX with an error": xlsx(
        [HEAD, *ROWS], _error, refused=("row 3, column margin", "an error of a formula")
    ),
    "XLSX with a formula nobody computed": xlsx(
        [HEAD, [*ROWS[0][:4], "=1-0.78"], *ROWS[1:]],
        refused=("row 2, column margin", "without a stored value"),
    ),
    "XLSX with a date": xlsx(
        [HEAD, [*ROWS[0][:3], date(2024, 6, 1), 0.2], *ROWS[1:]],
        refused=("row 2, column share", "a date"),
    ),
    "XLSX that shows ten thousands": xlsx(
        [HEAD, *ROWS], _ten_thousands, refused=("row 2, column price", "by its format")
    ),
    "XLSX, one number for two rows": xlsx(
        [HEAD, *ROWS], _merged_prices, refused=("rows 2 to 3, column price", "one merged cell")
    ),
    "XLSX, two sheets that fit": xlsx(
        [HEAD, *ROWS], _second_sheet("2024", [HEAD, *ROWS]), refused=("sheet", "'Sheet', '2024'")
    ),
    "XLSX, no such sheet": xlsx([HEAD, *ROWS], refused=("sheet", "'Sheet'"), options={"sheet": "May"}),
    "XLSX cut off": Dirty(xlsx([HEAD, *ROWS]).content[:2000], ".xlsx", refused=("file", "damaged")),
    "XLS": Dirty(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), ".xls", refused=("file", "before 2007")),
    "ODS with an error": ods(
        [HEAD, [*ROWS[0][:4], ("error",)], *ROWS[1:]], refused=("row 2, column margin", "#DIV/0!")
    ),
    "ODS with a formula nobody computed": ods(
        [HEAD, [*ROWS[0][:4], ("formula",)], *ROWS[1:]],
        refused=("row 2, column margin", "without a stored value"),
    ),
}
MERGED = xlsx([HEAD, *_BETA], _merged_firms, notes=("rows 2 to 3, column firm",))
"""Another market, in which one firm's name is merged over its two products."""
