"""The language of a caption is told rightly or not at all."""

# ruff: noqa: RUF001  captions in many alphabets
from __future__ import annotations

import pytest

from importer.records.language import languages

CAPTIONS = {
    "en": [
        "A walk by the sea", "get ready with me for the first day of school",
        "POV: you forgot your keys", "thank you so much for 10k!", "omg wait for the end",
        "My grandmother's rye, written down at last", "this is how we do it",
    ],
    "nl": ["Een wandeling langs de zee", "Vandaag maken we pannenkoeken"],
    "de": ["Heute backen wir Brot mit meiner Oma", "das ist der beste Tag"],
    "fr": ["on fait du pain avec ma grand-mère", "je ne peux pas y croire"],
    "es": ["hoy hacemos pan con mi abuela", "Un paseo por el mar"],
    "pt": ["hoje vamos fazer pão com a minha avó", "não acredito nisso"],
    "it": ["oggi facciamo il pane con mia nonna", "non ci posso credere"],
    "tr": ["bugün ekmek yapıyoruz", "çok teşekkür ederim"],
    "pl": ["dziś pieczemy chleb z babcią", "nie mogę w to uwierzyć"],
    "ru": ["сегодня печём хлеб с бабушкой"],
    "uk": ["сьогодні печемо хліб з бабусею"],
    "ar": ["نزهة على شاطئ البحر"],
    "fa": ["قدم زدن کنار دریا با دوستان"],
    "he": ["טיול על שפת הים"],
    "th": ["เดินเล่นริมทะเล"],
    "ja": ["海辺の散歩をした"],
    "ko": ["바닷가 산책"],
    "zh": ["海边散步真舒服"],
    "vi": ["Đi dạo bên bờ biển"],
    "cs": ["Procházka u moře dnes ráno"],
}  # fmt: skip
HARD = [
    "dinner tonight", "Market morning", "Part 1: the shaping", "new video out now",
    "Spacer nad morzem", "Une promenade au bord de la mer", "gracias por todo",
]  # fmt: skip
OF_HARD = {"en", "pl", "fr", "es"}


@pytest.mark.parametrize(
    ("language", "caption"), [(key, one) for key, all_ in CAPTIONS.items() for one in all_]
)
def test_the_language_of_real_captions(language: str, caption: str) -> None:
    assert languages(caption) == (language,)


@pytest.mark.parametrize("caption", HARD)
def test_silence_where_it_is_not_sure(caption: str) -> None:
    assert set(languages(caption)) <= OF_HARD


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "❤️❤️",
        "#fyp #dance #foryoupage",
        "@ada https://example.com/a/b",
        "2024!!",
        "ok",
    ],
)
def test_too_little_says_nothing(caption: str) -> None:
    assert languages(caption) == ()


def test_hashtags_do_not_count() -> None:
    assert languages("hoy hacemos pan con mi abuela #baking #bread #foryou #trending") == ("es",)
