"""The columns of a market, by the names that they have in spreadsheets of several countries."""

from __future__ import annotations

from typing import Final

from pricewar.files.sheet import Column

_PART: Final = "a fraction, above 0 and below 1 (for per cent call the column {name}_pct)"
_MARGIN: Final = (
    "a fraction below 1, below 0 where a product is sold below cost (for per cent call the column {name}_pct)"
)
COLUMNS: Final = {
    "product": Column(
        "text",
        ("产品", "车型", "車型", "型号", "车系", "model", "modell", "produkt", "produit", "modèle",
         "producto", "modelo", "prodotto", "modello", "производ", "модель", "製品", "車種", "제품", "모델"),
    ),
    "firm": Column(
        "text",
        ("厂商", "廠商", "企业", "公司", "车企", "制造商", "maker", "manufacturer", "company",
         "hersteller", "firma", "unternehmen", "constructeur", "entreprise", "fabricant", "empresa",
         "fabricante", "impresa", "produttore", "фирма", "メーカー", "회사"),
    ),
    "price": Column(
        words=("价格", "售价", "售價", "单价", "均价", "成交价", "preis", "prix", "precio", "prezzo", "preço",
               "цена", "価格", "가격"),
        fits=lambda x: 0.0 < x < float("inf"),
        allowed="a number above zero",
    ),
    "share": Column(
        "part",
        ("份额", "市场份额", "市占率", "占有率", "市场占有率", "market share", "marktanteil", "anteil",
         "part de marché", "cuota", "cuota de mercado", "quota di mercato", "доля", "シェア", "점유율"),
        needed=False,
        fits=lambda x: 0.0 < x < 1.0,
        allowed=_PART,
        allowed_percent="per cent, above 0 and below 100",
    ),
    "quantity": Column(
        words=("销量", "数量", "销售量", "交付量", "units", "sales volume", "units sold", "absatz",
               "menge", "stückzahl", "quantité", "cantidad", "unidades",
               "количество", "販売台数", "판매량"),
        needed=False,
        fits=lambda x: 0.0 < x < float("inf"),
        allowed="a number above zero",
        unless="share",
        money=False,
    ),
    "margin": Column(
        "part",
        ("毛利率", "利润率", "边际利润率", "gross margin", "marge", "bruttomarge", "rohmarge",
         "deckungsbeitrag", "marge brute", "taux de marge", "margen", "margen bruto", "margine",
         "маржа", "粗利率", "마진"),
        fits=lambda x: float("-inf") < x < 1.0,
        allowed=_MARGIN,
        allowed_percent="per cent, below 100",
        blank=True,
        bare=lambda x: x >= -1.0,  # -20 without a sign is -20%, and nothing says so
        tiny=False,
    ),
    "nest": Column(
        "text",
        ("细分市场", "级别", "类别", "segment", "class", "klasse", "segmento", "classe", "сегмент",
         "セグメント"),
        needed=False,
        blank=True,
    ),
}  # fmt: skip
"""What `read_market` looks for. Words that may mean two things (sales: units or money) are left out."""
