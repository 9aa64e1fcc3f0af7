"""The offices of the demonstration, and who works there."""

OFFICES = (("BY-MSQ", "Minsk"), ("BY-BRE", "Brest"), ("BY-VTB", "Vitebsk"))
# code, name, organisation; config/demo/providers.py names them, too
PARTNER_OFFICES = (
    ("LINDEN", "Linden House", "Linden House shelter (partner)"),
    ("BRIDGE", "The Bridge", "The Bridge centre for children (partner)"),
)
# username, name, role, office
STAFF = (
    ("officer", "Alena Karol", "case_officer", "BY-MSQ"),
    ("officer.brest", "Ihar Bondar", "case_officer", "BY-BRE"),
    ("officer.vitebsk", "Natallia Zubko", "case_officer", "BY-VTB"),
    ("psychologist", "Volha Rudzko", "psychological", "BY-MSQ"),
    ("doctor", "Siarhei Lis", "medical", "BY-MSQ"),
    ("lawyer", "Maryna Kot", "legal", "BY-MSQ"),
    ("cashier", "Tamara Vishneuskaya", "financial", "BY-MSQ"),
    ("supervisor", "Pavel Hrynko", "supervisor", "BY-MSQ"),
    ("supervisor.brest", "Iryna Sakol", "supervisor", "BY-BRE"),
    ("supervisor.vitebsk", "Anton Dubouski", "supervisor", "BY-VTB"),
    ("auditor", "Rita Valoshyn", "auditor", None),
    ("analyst", "Yury Marchanka", "analyst", None),
    ("data.protection", "Aksana Juras", "data_protection", None),
    ("director", "Kastus Adamovich", "director", None),
    ("donor", "Ingrid Solheim", "donor", None),
    ("partner", "Hanna Lobach", "partner_officer", "LINDEN"),
    ("partner.children", "Sviatlana Mialik", "partner_officer", "BRIDGE"),
    ("partner.admin", "Dzmitry Kulik", "partner_admin", "LINDEN"),
    ("administrator", "Viktar Shuba", "administrator", None),
)
USERNAMES = [username for username, *_rest in STAFF]
