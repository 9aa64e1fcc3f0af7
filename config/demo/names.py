"""Names, places and organisations of invented people, in the spellings of the region.

Surnames are put together from words of nature and crafts and the common endings; organisations are
made up. Towns exist, so that maps and travel times look right.
"""

from dataclasses import dataclass
from random import Random

Ending = tuple[str, str]  # of a man's surname, of a woman's


@dataclass(frozen=True)
class Culture:
    """How people of one country of origin are named."""

    country: str  # ISO 3166 alpha-2
    languages: tuple[str, ...]  # ISO 639-1, the commonest first
    women: tuple[str, ...]
    men: tuple[str, ...]
    fathers: tuple[str, ...]  # stems of patronymics; empty where there are none
    patronymic: Ending
    stems: tuple[str, ...]  # of surnames
    endings: tuple[Ending, ...]
    towns: tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A person's name in the letters of the person's country."""

    given: str
    patronymic: str
    surname: str


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BELARUS = Culture(
    country="BY",
    languages=("ru", "be"),
    women=_split(
        "Алена Алеся Ганна Вольга Кацярына Марыя Наталля Святлана Таццяна Юлія Ірына Людміла"
        " Вераніка Дар’я Ксенія Надзея Паліна Яўгенія Крысціна Галіна Лізавета Ніна Зоя Вікторыя"
        " Марына"
    ),
    men=_split(
        "Аляксандр Аляксей Андрэй Віктар Дзмітрый Дзяніс Зміцер Ігар Кірыл Максім Мікалай"
        " Міхаіл Павел Пётр Раман Сяргей Уладзімір Яўген Юрый Янка Арцём Васіль Віталь Рыгор"
        " Ягор"
    ),
    fathers=_split("Аляксандра Віктара Івана Мікалае Міхайла Паўла Пятро Сяргее Уладзіміра Васіле"),
    patronymic=("віч", "ўна"),
    stems=_split(
        "Вярб Граб Ляшчын Ясен Сасн Крын Лазняк Бусл Чарот Мятл Жытн Сунічн Баравік Верас Шчыгл"
        " Чабор Рабінн Лісічк Снягір Вожык Медун Гарох Пралеск Конюш"
    ),
    endings=(
        ("овіч", "овіч"),
        ("енка", "енка"),
        ("укоў", "укова"),
        ("ук", "ук"),
        ("інскі", "інская"),
    ),
    towns=_split("Мінск Брэст Гомель Гродна Віцебск Магілёў Пінск Орша Ліда Мазыр Полацк Слуцк"),
)
RUSSIA = Culture(
    country="RU",
    languages=("ru",),
    women=_split(
        "Елена Анна Ольга Екатерина Мария Наталья Светлана Татьяна Юлия Ирина Людмила Вероника"
        " Дарья Ксения Надежда Полина Евгения Кристина Галина Елизавета Алёна София Варвара"
        " Виктория Марина"
    ),
    men=_split(
        "Александр Алексей Андрей Виктор Дмитрий Денис Игорь Кирилл Максим Николай Михаил Павел"
        " Пётр Роман Сергей Владимир Евгений Юрий Иван Артём Василий Виталий Григорий Егор Фёдор"
    ),
    fathers=_split("Александро Викторо Ивано Николае Михайло Павло Петро Сергее Владимиро Андрее"),
    patronymic=("вич", "вна"),
    stems=_split(
        "Вербник Грабник Орешник Ясенник Сосенк Родничк Ракитник Журавлик Камышник Метелк"
        " Житник Ягодник Боровичк Вересник Щеглик Рябинник Лисичк Снегирк Медовник Горошк"
        " Подснежник Клеверк Липник Ивняк"
    ),
    endings=(("ов", "ова"), ("ин", "ина"), ("овский", "овская")),
    towns=_split("Смоленск Псков Брянск Калуга Тверь Рязань Тула Воронеж Самара Казань"),
)
UKRAINE = Culture(
    country="UA",
    languages=("uk", "ru"),
    women=_split(
        "Олена Ганна Ольга Катерина Марія Наталія Світлана Тетяна Юлія Ірина Людмила Вероніка"
        " Дарія Оксана Надія Поліна Євгенія Христина Галина Єлизавета Софія Зоряна Вікторія"
        " Марина Мар’яна"
    ),
    men=_split(
        "Олександр Олексій Андрій Віктор Дмитро Денис Ігор Кирило Максим Микола Михайло Павло"
        " Петро Роман Сергій Володимир Євген Юрій Іван Артем Василь Віталій Григорій Тарас"
        " Богдан"
    ),
    fathers=_split("Олександр Віктор Іван Михайл Павл Петр Володимир Богдан Роман Степан"),
    patronymic=("ович", "івна"),
    stems=_split(
        "Вербин Грабин Ліщин Ясен Сосняк Криниц Лозняк Журавк Очеретн Віник Житняк Сунич"
        " Боровик Вереск Щиглик Чебрець Горобин Лисичк Снігурк Їжачк Медунк Горошк Проліск"
        " Конюшин"
    ),
    endings=(("енко", "енко"), ("ук", "ук"), ("івський", "івська"), ("ець", "ець")),
    towns=_split("Житомир Чернігів Рівне Луцьк Суми Полтава Вінниця Черкаси Одеса Львів"),
)
MOLDOVA = Culture(
    country="MD",
    languages=("ro", "ru"),
    women=_split(
        "Ana Maria Elena Ecaterina Natalia Tatiana Iulia Irina Ludmila Veronica Daria Oxana"
        " Nadejda Cristina Elisabeta Sofia Doina Ileana Rodica Lilia Mihaela Viorica Victoria"
        " Carmen Aliona"
    ),
    men=_split(
        "Alexandru Alexei Andrei Victor Dumitru Denis Igor Chiril Maxim Nicolae Mihail Pavel"
        " Petru Roman Sergiu Vladimir Eugen Iurie Ion Artiom Vasile Vitalie Grigore Constantin"
        " Ștefan"
    ),
    fathers=(),
    patronymic=("", ""),
    stems=_split(
        "Sălci Carpin Alun Frăsin Pinișor Izvor Răchit Cocor Stuf Mătur Grâu Frag Hrib Sticl"
        " Cimbr Scoruș Vulpiț Botgr Arici Mier Mazăr Ghiocel Trifo Plopșor"
    ),
    endings=(("eanu", "eanu"), ("aru", "aru"), ("escu", "escu"), ("uță", "uță"), ("ari", "ari")),
    towns=_split("Chișinău Bălți Orhei Soroca Cahul Ungheni Comrat Edineț"),
)
UZBEKISTAN = Culture(
    country="UZ",
    languages=("uz", "ru"),
    women=_split(
        "Дилноза Гулнора Нигора Шахноза Мадина Зулфия Малика Севара Феруза Наргиза Лола Камола"
        " Барно Мунира Сайёра Умида Хилола Юлдуз Зарина Дилором"
    ),
    men=_split(
        "Бахтиёр Жасур Отабек Рустам Шерзод Фаррух Хасан Ойбек Дилшод Улугбек Санжар Азиз"
        " Достон Нодир Равшан Тимур Мансур Акмал Баходир Элёр"
    ),
    fathers=_split("Бахтиёро Рустамо Шерзодо Хасано Дилшодо Азизо Равшано Мансуро Акмало Нодиро"),
    patronymic=("вич", "вна"),
    stems=_split(
        "Анор Бодом Чинор Ёнгок Лола Тут Узум Гул Лочин Кумуш Олмос Темир Пулат Тош Сув Ковун"
        " Майса Чаман Нарвон Шафтоли"
    ),
    endings=(("беков", "бекова"), ("боев", "боева")),
    towns=_split("Ташкент Самарканд Бухара Фергана Андижан Наманган Навои Термез"),
)

CULTURES = (BELARUS, RUSSIA, UKRAINE, MOLDOVA, UZBEKISTAN)
SHARES = (62, 12, 12, 9, 5)  # of the persons of a demonstration, in per cent

PROVIDERS = {
    "medical": ("Willow Lane Clinic", "Поликлиника «Родник»", "Паліклініка «Чабор»"),
    "psychological": ("Harbour Light Counselling", "Центр «Тихая гавань»", "Цэнтр «Светлы дзень»"),
    "legal": ("Open Door Legal Aid", "Юридическая помощь «Опора»", "Бюро «Слово и право»"),
    "financial": ("Bridge Support Fund", "Фонд «Новый берег»", "Фонд «Падтрымка-Мост»"),
    "reintegration": ("Second Spring Association", "Мастерская «Лад»", "Дом «Каля ракі»"),
    "shelter": ("Linden House", "Приют «Крыша»", "Прытулак «Гняздо»"),
    "immediate": ("First Days Fund", "Склад «Помощь рядом»", "Пункт «Цёплая хата»"),
    "safety": ("Quiet Road Security", "Отдел защиты свидетелей, пост 3", "Служба «Шчыт»"),
    "return": ("Homeward Travel Desk", "Бюро «Дорога домой»", "Служба «Вяртанне»"),
    "interpretation": ("Two Tongues Bureau", "Бюро переводов «Слог»", "Перакладчыкі «Мова»"),
}
REFERRERS = (
    "River Crossing Helpline",
    "Горячая линия «Рядом»",
    "Дапамога «Побач»",
    "Border Reception Point North",
    "Отдел по делам семьи, участок 7",
    "Morning Star Shelter",
    "Asociația «Pridvor»",
)
CASE_WORKERS = ("A. Lisichka", "М. Вербник", "N. Izvoraru", "К. Чаротук", "V. Sosniak")


def culture_of(rng: Random) -> Culture:
    """A culture, drawn by its share."""
    return rng.choices(CULTURES, SHARES)[0]


def name_of(rng: Random, culture: Culture, *, woman: bool) -> Name:
    """A whole name, drawn word by word; the surname and the patronymic agree with the sex."""
    form = 1 if woman else 0
    father = rng.choice(culture.fathers) if culture.fathers else ""
    return Name(
        given=rng.choice(culture.women if woman else culture.men),
        patronymic=father + culture.patronymic[form] if father else "",
        surname=rng.choice(culture.stems) + rng.choice(culture.endings)[form],
    )


_PLAIN = dict(zip("абвгґдеёзиіїйклмнопрстуўфыэ", "abvhgdeeziiiiklmnoprstuufye", strict=True))
_PASSPORT = _PLAIN | {
    **dict.fromkeys("ьъ’", ""),
    **dict(zip("єжхцчшщ", _split("ie zh kh ts ch sh shch"), strict=True)),
    **dict(zip("юя", _split("iu ia"), strict=True)),
}
_SCHOLARLY = _PASSPORT | dict(zip("жхцчшщйюяўё", _split("ž ch c č š šč j ju ja ŭ jo"), strict=True))
_ENGLISH = _PASSPORT | dict(zip("гйёюяўх", _split("g y yo yu ya w kh"), strict=True))
SPELLINGS = {"passport": _PASSPORT, "scholarly": _SCHOLARLY, "english": _ENGLISH}


def in_latin(text: str, spelling: str = "passport") -> str:
    """A Cyrillic text in Latin letters, in one of SPELLINGS; Latin letters stay as they are."""
    table = SPELLINGS[spelling]
    return "".join(_in_latin(char, table) for char in text)


def _in_latin(char: str, table: dict[str, str]) -> str:
    letters = table.get(char.lower(), char)
    return letters.capitalize() if char.isupper() and char.isalpha() else letters
