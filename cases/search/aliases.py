"""Given names that are one name in several languages, though their skeletons differ."""

from functools import cache

from cases.search.skeleton import skeleton

# One name a line, in any spelling. A form that shares its skeleton with another need not stand
# here, so names such as Юлия, Юлія, Yulia, whose skeletons all meet, have no line.
GIVEN_NAMES = """
Александр Аляксандр Олександр Алесь Олесь Alexander Alexandru Iskandar
Александра Аляксандра Олександра Алеся Олеся
Алексей Аляксей Олексій Alexei Alexie
Алёна Елена Алена Олена Helena
Анастасия Анастасія Настасся Anastasia Nastasia
Анатолий Анатоль Анатолій
Андрей Андрэй Андрій Andrei Andrew Andreas
Анна Ганна Hanna Anne Ana
Антон Антоній Антось Anton Anthony
Антонина Антаніна Antonina
Артём Арцём Артемій Artem
Богдан Багдан Bohdan
Борис Барыс Boris
Валентина Валянціна Valentyna
Валентин Валянцін Valentyn
Варвара Барбара Barbara
Василий Васіль Василь Vasile Basil
Вера Віра Vera
Вероника Вераніка Veronica
Виктор Віктар Віктор Victor
Виталий Віталь Віталій Vitalie
Владимир Уладзімір Володимир Vladimir Waldemar
Владислав Уладзіслаў Владислав Władysław
Вячеслав Вячаслаў В’ячеслав
Георгий Георгій George Gheorghe
Егор Ягор Єгор
Григорий Рыгор Григорій Grigore Gregory
Даниил Данила Данііл Данило Daniel
Денис Дзяніс Denis Dennis
Дмитрий Дзмітрый Зміцер Дмитро Dumitru Dmitri
Евгений Яўген Євген Евген Eugen Eugene
Евгения Яўгенія Євгенія Eugenia
Екатерина Кацярына Катерина Ecaterina Catherine Katarzyna
Елизавета Лізавета Єлизавета Elisabeta Elizabeth
Иван Іван Ян Ion Ioan Jan
Игорь Ігар Ігор Igor
Илья Ілья Ілля Ilia Ilie
Ирина Ірына Ірина Irina Irene
Иосиф Язэп Йосип Iosif Joseph
Кирилл Кірыл Кирило Chiril Cyril
Константин Канстанцін Костянтин Constantin
Кристина Крысціна Христина Cristina
Ксения Ксенія Аксана Оксана Xenia Oxana
Леонид Леанід Леонід Leonid
Людмила Людміла Ludmila Liudmyla
Маргарита Маргарыта Margareta Margaret
Мария Марыя Марія Mary Marie
Михаил Міхаіл Міхась Михайло Mihail Michael Michał
Надежда Надзея Надія Nadejda
Наталья Наталля Наталія Natalie
Никита Мікіта Микита Nichita
Николай Мікалай Мікола Микола Nicolae Nicholas
Олег Алег Oleg
Ольга Вольга Olga Helga
Павел Павал Павло Paul Pavel
Пётр Пятро Петро Petru Peter Piotr
Роман Раман Roman
Светлана Святлана Світлана Svetlana
Семён Сямён Семен Simon Simion
Сергей Сяргей Сергій Serghei Sergiu Serge
София Сафія Софія Sofia Sophie
Степан Сцяпан Stepan Stefan Ștefan Stephen Стефан
Татьяна Таццяна Тетяна Tatiana
Тимофей Цімафей Тимофій Timofei Timothy
Ульяна Уляна Yuliana Juliana
Фёдор Фёдар Федір Тодар Teodor Theodore
Юрий Юрась Iurie
Яков Якаў Якуб Яків Iacob Jacob
Ярослав Яраслаў Yaroslav
""".strip().splitlines()


@cache
def _groups() -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for line in GIVEN_NAMES:
        forms = set(skeleton(line))
        for form in forms:
            groups.setdefault(form, set()).update(forms)
    return {form: frozenset(forms - {form}) for form, forms in groups.items()}


def aliases(bones: str) -> frozenset[str]:
    """Skeletons of the same given name in other languages; empty for any other word."""
    return _groups().get(bones, frozenset())
