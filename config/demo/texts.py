"""Sentences for the files of invented people, in English, Russian and Belarusian.

They tell what a reader needs and no more: nothing is described that a person would not want read
aloud.
"""

ACCOUNTS = {
    "SexualExploitation": (
        (
            "She was promised work as a waitress. On arrival her passport was taken and the debt"
            " was named. She reached the helpline from a neighbour's phone."
        ),
        "An acquaintance offered help with moving. A week later nobody let her go out alone.",
        (
            "Обещали работу администратором в гостинице. На месте забрали документы и назвали долг."
            " Помогла случайная попутчица."
        ),
        "Абяцалі працу ў кавярні. Праз тыдзень забралі тэлефон і дакументы. Дапамагла суседка.",
        "The contact began online and turned into threats. The family asked for advice.",
    ),
    "ForcedLabour": (
        (
            "Hired for a building site through a friend of a friend. Paid once in five months;"
            " slept in a container on the site."
        ),
        "The agency kept the passports of the whole team. Those who asked for wages were moved on.",
        "Работа на стройке без договора. Деньги обещали в конце сезона, потом пригрозили полицией.",
        "Праца на ферме па чатырнаццаць гадзін. Грошай не аддалі, пашпарт вярнулі праз консула.",
        "Picked fruit with eight others. Food and rent were taken off the pay until none was left.",
    ),
    "ForcedBegging": (
        "Was made to ask for money near the station and to hand over all of it each evening.",
        "Заставляли просить милостыню у рынка, деньги забирали каждый вечер.",
    ),
    "ForcedCriminality": (
        "Was sent to leave parcels in the woods and was told that the debt would be forgiven.",
        "Предложили работу курьером. Что в посылках, выяснилось поздно; отказ пугал больше.",
    ),
    "ChildLabour": (
        "Worked in a market store instead of going to school.",
        "Праца на складзе ад раніцы да вечара замест школы.",
    ),
    "ForcedMarriage": (
        "Her relatives arranged the marriage and kept her phone. A teacher noticed her absence.",
    ),
    "Servitude": (
        "Looked after a household day and night, without a day off and without a key.",
        "Жила в семье как няня, выходных не было, из дома одну не выпускали.",
    ),
    "Other": ("The person prefers not to tell yet. We agreed to speak again when there is trust.",),
}

GOALS = (  # of a support plan: type, objectives, steps, who is responsible
    (
        "Livelihood",
        "Lives on wages that are paid on time.",
        "We look for a course and for a workplace; the person writes the applications.",
        "The person, with the officer",
    ),
    (
        "Health",
        "Sleeps through the night and knows whom to call.",
        "A first visit to the doctor, then every two weeks.",
        "The clinic",
    ),
    (
        "Legal",
        "Has papers of their own and knows their rights in court.",
        "Apply for a passport; a lawyer explains what a compensation claim takes.",
        "The lawyer",
    ),
)
WISHES = (
    "I want to live near my sister.",
    "",
    "Хочу сначала закончить курсы, потом искать работу.",
)

SUMMARIES = (
    "Came with one bag and asks first of all for a safe place to sleep.",
    "Wants to see the family and to finish the course once begun.",
    "Is afraid of meeting the recruiter in the home town. A move is being looked into.",
    "Человек держится спокойно, просит не звонить по вечерам. Срочно нужен врач.",
    "Хочет восстановить документы и вернуться к работе по специальности.",
    "Жыве ў сястры. Просіць дапамогі з працай і з даўгамі.",
    "Speaks little of what happened and much of the future, which we follow.",
    "The family does not know. Contact only as agreed.",
)

REFERRAL_REASONS = (
    "Asked for help to return home",
    "Identified at an interview",
    "Called the helpline",
    "Самостоятельное обращение",
    "Накіраванне ад службы дапамогі",
)

SAFE_CONTACTS = (
    "Weekdays 10 to 12, ask for the library",
    "Only text messages, sign as Olga from work",
    "Писать в мессенджер, не звонить",
    "Тэлефанаваць толькі пасля абеду",
    "Any time",
    "Through the sister",
)

CONSENT_REMARKS = (
    "",
    "",
    "Asked twice who will read the file; explained.",
    "Согласие дано после перерыва.",
    "Agrees to everything but contact with the town of birth.",
)

OUTCOMES = {
    "planned": ("",),
    "under_way": ("", "Goes well so far.", "Продолжается.", "Ідзе паводле плана."),
    "delivered": ("Done as agreed.", "The person is content.", "Помощь получена.", "Зроблена."),
    "cancelled": ("The person decided otherwise.", "Отменено по просьбе человека."),
}
NOTES = (
    "",
    "A colleague went along.",
    "The way was paid for.",
    "Сопровождала сотрудница приюта.",
    "Дамовіліся сустрэцца яшчэ раз.",
    "The next talk is in two weeks.",
)

DIAGNOSES = (
    ("Anaemia", "Iron for three months, blood count after six weeks"),
    ("Back pain after heavy work", "Physiotherapy, ten sessions"),
    ("Bruised ribs, healing", "Rest and pain relief"),
    ("Недосыпание, упадок сил", "Режим, витамины, повторный приём через месяц"),
    ("Хранічны гастрыт", "Дыета, лекі на чатыры тыдні"),
    ("Dental caries", "Two fillings"),
    ("General check-up, no findings", "None needed"),
    ("Гипертония", "Подобраны таблетки, контроль давления"),
)

OBSERVATIONS = (
    "Sleeps better than a month ago.",
    "Finds it hard to trust; comes on time all the same.",
    "Сон восстанавливается, тревога меньше.",
    "Больш спакою; гаворыць пра будучыню.",
    "Asked for the group to stay small.",
    "Laughs again.",
)

MATTERS = (
    "Unpaid wages",
    "Standing of a victim in criminal proceedings",
    "Восстановление паспорта",
    "Опека над ребёнком",
    "Спагнанне кампенсацыі",
    "Residence permit",
    "Debt signed under pressure",
)
COURTS = (
    "",
    "District court, second hall",
    "Районный суд, участок 3",
    "Абласны суд",
    "Labour disputes commission",
)

AT_VISITS = ("", "The person alone", "Дома, с матерью", "Разам з сацыяльным работнікам")
FOUND = (
    "The room is warm and dry. Talks of a course in the autumn.",
    "Works three days a week at a bakery; the neighbours greet her.",
    "Работает в мастерской, с братом снова разговаривает.",
    "Чакае новы пашпарт. Спіць лепш, але адна яшчэ не ходзіць.",
)
PLACES = ("", "Our office", "At the provider’s", "По видеосвязи", "Дома ў чалавека")
ROOMS = ("", "Room 4, with one child", "Комната на двоих", "Асобны пакой")
GIVEN = ("A bag for the first three days.", "Тёплая одежда и обувь.", "Тэлефон з карткай.")
MEASURES = (
    "Calls the duty telephone each evening.",
    "Переезд в другой район согласован.",
    "Новыя паролі ва ўсіх уліковых запісах.",
)
