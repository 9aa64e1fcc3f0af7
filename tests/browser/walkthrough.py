"""The steps of docs/walkthrough.md, each a function under its number."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.hands import Hands

WOMAN, CHILD, MAN = "Zaranok Darafeja", "Rabinka Yanka", "Dubrova Kastus"


@dataclass(frozen=True)
class Step:
    """What one person does, and has to see then."""

    who: str  # username
    act: Callable[[Hands], None]


STEPS: dict[int, Step] = {}


def step(number: int, who: str) -> Callable[[Callable[[Hands], None]], Callable[[Hands], None]]:
    """Put a function under its number."""

    def keep(act: Callable[[Hands], None]) -> Callable[[Hands], None]:
        assert number not in STEPS
        STEPS[number] = Step(who, act)
        return act

    return keep


# --- What several steps do ------------------------------------------------------------
def search(at: Hands, name: str) -> None:
    """From the start page: look whether somebody is here."""
    at.go_to_start()
    at.press("Register a person")
    at.fill("Name, number or reference", name)
    at.press("Search", within=at.page.locator("#main"))


def begin_registration(at: Hands) -> None:
    """Below a search that found nobody: the person agrees, today."""
    at.press("Register a new person")
    at.tick("Does the person agree that we keep and use this information?", "Yes")
    at.date("Date of consent")


# --- A woman comes home from abroad ---------------------------------------------------
@step(1, "officer")
def sign_in(at: Hands) -> None:
    at.go_to_start()
    at.fill("Username", "officer")
    at.give_password()
    at.press("Sign in")
    at.see("Good day, Alena Karol", "Your work", "Changed last")


@step(2, "officer")
def look_for_her(at: Hands) -> None:
    search(at, "Darafeja Zaranok")
    at.see("Nobody of this name among the cases shared with you.")


@step(3, "officer")
def register_her(at: Hands) -> None:
    begin_registration(at)
    at.choose("How it was given", "In writing")
    at.tick(
        "Agreed purposes",
        "Assistance by our organisation",
        "Sharing with the organisations of a referral",
        "Legal proceedings",
    )
    at.tick("Explained and agreed", "How to withdraw consent was explained.")
    at.fill("Family name", "Zaranok")
    at.fill("Given name", "Darafeja")
    at.fill("Date of birth", "1991-04")
    at.choose("Gender", "Feminine")
    at.fill("Mobile phone", "+375 00 555-01-01")
    at.fill("Safe contact", "Only in the morning, say it is the library")
    at.tick("Types of exploitation", "Sexual exploitation")
    at.tick("Methods of control", "Debt bondage", "Withholds documents")
    at.fill("What happened, in short", "Was promised work in a hotel abroad")
    at.press("Open the case")
    at.see("is open.")
    at.see("Identification", within=at.part("Stage"))


@step(4, "officer")
def note_who_sent_her(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Change", of="How the case came to us")
    at.fill("Summary of the case", "Came home from abroad last night, without papers or money")
    at.fill("Referring organisation", "Consulate")
    at.date("Referred on")
    at.choose("Reason for the referral", "Migration or Change of Location")
    at.press("Save")
    at.see("Saved.")
    at.read("Consulate")


@step(5, "officer")
def screen_her(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Add a screening")
    at.date("Screened on")
    at.choose("Screened by", "NGO")
    at.choose("Does somebody else hold the person's papers?", "Yes")
    at.choose("Do they work off a debt that hardly shrinks?", "Yes")
    at.choose("Are they or their family threatened?", "Did not want to say")
    at.choose("Result", "Signs of trafficking: pass on for identification")
    at.press("Save")
    at.see("Signs of trafficking: pass on for identification", within=at.part("Screening"))


@step(6, "officer")
def assess_her_risk(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Assess the risk")
    at.choose("Does the person need a doctor at once?", "Yes")
    at.choose("Does anybody threaten the person, or might they be trafficked again?", "Yes")
    at.choose("Risk", "High")
    at.fill("Safety plan", "Nobody learns where she sleeps; she calls us every evening")
    at.date("Next review", in_days=5)
    at.press("Save")
    at.see("High", "next review", within=at.part("Risk and safety"))


@step(7, "officer")
def see_to_first_needs(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Record assistance")
    at.press("Immediate needs")
    at.choose("Type", "Clothing")
    at.fill("What was given", "A winter coat and shoes")
    at.press("Save")
    at.see("Assistance is recorded.")
    at.see("Delivered", within=at.part("Assistance"))


@step(8, "officer")
def note_who_identified_her(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Add a decision")
    at.choose("Trafficking status", "Actual victim of trafficking")
    at.choose("Decided by", "Police")
    at.date("Decided on")
    at.fill("Grounds", "Papers taken, debt, threats to her mother")
    at.press("Save")
    at.see("Actual victim of trafficking", within=at.part("Identification"))


@step(9, "officer")
def give_her_time_to_reflect(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Add a step of protection")
    at.choose("Step", "Reflection period")
    at.date("From, or decided on")
    at.date("To", in_days=30)
    at.press("Save")
    at.see("Reflection period", within=at.part("Protection"))


@step(10, "officer")
def begin_her_assessment(at: Hands) -> None:
    at.open_case(WOMAN)
    at.move("Assessment")
    at.see(
        "The case is in the stage “Assessment” now.",
        "Assess the risk and the needs, and agree on a support plan with the person.",
    )


@step(11, "officer")
def agree_on_a_goal_with_her(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Add a goal")
    at.choose("Goal", "Livelihood")
    at.choose("Dimension", "Economic")
    at.fill("Objectives", "Lives on what her own sewing workshop earns")
    at.fill("Steps", "She finishes the course by spring; we look for a room")
    at.date("Planned end", in_days=300)
    at.press("Save")
    at.see("Livelihood", "Not agreed yet", within=at.part("Support plan"))
    at.read("Lives on what her own sewing workshop earns")
    at.press("Record that the person agrees")
    at.choose("How it was given", "In writing")
    at.fill("What the person wants otherwise", "I want to keep my own hours")
    at.press("Save")
    at.see("Agreed", within=at.part("Support plan"))


@step(12, "officer")
def share_her_case_with_colleagues(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Who can see it")
    at.choose("Share with", "Case conference of Minsk")
    at.tick(
        "What they may open",
        "Identity: names, birth, citizenship",
        "Medical records",
        "Psychological records",
        "Legal records",
    )
    at.date("Until", in_days=180)
    at.choose("Reason", "Provides assistance")
    at.press("Share")
    at.see("The case is shared with Case conference of Minsk.")


@step(13, "officer")
def refer_her_to_a_shelter(at: Hands) -> None:
    at.open_case(WOMAN)
    at.move("Assistance")
    at.press("Refer")
    at.press("Shelter or housing")
    at.tick("Refer to", "Linden House shelter (partner)")
    at.fill("Message", "A room for one, from tonight, for six weeks")
    at.fill("Where is the person handed over?", "At our office")
    at.fill("Who goes with them?", "Alena Karol")
    at.press("Send the referral")
    at.see("The case is referred to Linden House shelter (partner).")
    at.see("Sent", within=at.part("Referrals"))


@step(14, "partner")
def the_shelter_accepts(at: Hands) -> None:
    at.go_to_start()
    at.press("Referred to us", within=at.page.locator("#main"))
    at.open_row(WOMAN)
    at.read("A room for one, from tonight, for six weeks")
    at.press("Accept")
    at.see("Accepted")
    at.press("Case file")
    at.see("How to reach the person")
    at.see_none("What happened", "Risk and safety", "Support plan")


@step(15, "doctor")
def the_doctor_notes_what_was_found(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Record assistance")
    at.press("Medical")
    at.fill("Diagnosis", "Anaemia")
    at.fill("Treatment", "Iron, and a check in six weeks")
    at.press("Save")
    at.see("Medical", within=at.part("Assistance"))


@step(16, "psychologist")
def the_psychologist_begins(at: Hands) -> None:
    at.open_case(WOMAN)
    at.see_none("Medical", within=at.part("Assistance"))
    at.press("Record assistance")
    at.press("Psychological")
    at.choose("Method", "Individual counselling")
    at.fill("Number of sessions", "8")
    at.choose("Status", "Under way")
    at.press("Save")
    at.see("Psychological", within=at.part("Assistance"))
    at.press("Add a session", of="Psychological")
    at.fill("Minutes", "50")
    at.fill("Note", "Sleeps better; speaks of her mother")
    at.press("Save")
    at.see("Psychological", within=at.part("Sessions"))
    at.read("Sleeps better; speaks of her mother")


@step(17, "lawyer")
def the_lawyer_files_her_claim(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Record assistance")
    at.press("Legal")
    at.fill("Matter", "Claim for compensation")
    at.fill("Court or body", "City court")
    at.choose("Stage", "Investigation")
    at.press("Save")
    at.see("Legal", within=at.part("Assistance"))
    at.read("Claim for compensation")


@step(18, "partner")
def the_shelter_tells_how_it_went(at: Hands) -> None:
    at.go_to_start()
    at.press("Referred to us", within=at.page.locator("#main"))
    at.open_row(WOMAN)
    at.fill("In your words", "She stayed six weeks and moved to a room of her own")
    at.press("It is completed")
    at.see("Saved.")
    at.miss(WOMAN)


@step(19, "officer")
def the_officer_reads_what_all_wrote(at: Hands) -> None:
    at.open_case(WOMAN)
    at.see("Medical", "Psychological", "Legal", within=at.part("Assistance"))
    at.press("Shelter or housing", within=at.part("Referrals"))
    at.see("Feedback")
    at.read("She stayed six weeks and moved to a room of her own")


@step(20, "supervisor")
def the_supervisor_sets_up_a_budget_line(at: Hands) -> None:
    at.go_to_start()
    at.press("Budgets")
    at.press("New budget line")
    at.fill("Code", "START-1")
    at.fill("Donor", "Fund for new beginnings")
    at.fill("Project code", "NB-7")
    at.date("From")
    at.date("Until", in_days=365)
    at.fill("Amount", "20000.00")
    at.fill("Approval above", "500.00")
    at.press("Save")
    at.see("The budget line is set up.", "Left")
    at.read("START-1")


@step(21, "officer")
def plan_her_grant(at: Hands) -> None:
    at.open_case(WOMAN)
    at.move("Reintegration")
    at.press("Record assistance")
    at.press("Reintegration")
    at.choose("Type", "Grant to start a business")
    at.choose("Status", "Planned")
    at.date("From", in_days=7)
    at.choose("Goal it serves", "Livelihood")
    at.press("Save")
    at.see("Planned", within=at.part("Assistance"))


@step(22, "officer")
def plan_what_it_costs(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Plan a cost", of="Reintegration")
    at.fill("Planned cost", "1200.00")
    at.choose("Budget line", "START-1")
    at.fill("What it is for", "Sewing machine and cloth")
    at.press("Save")
    at.see("The cost is planned.")
    at.see("Not approved", within=at.part("Costs and payments"))


@step(23, "supervisor")
def the_supervisor_approves_the_cost(at: Hands) -> None:
    at.open_case(WOMAN)
    at.read("Sewing machine and cloth")
    at.press("Approve as it stands", of="Reintegration")
    at.see("Approved, as it stands now.")
    at.see("Approved", within=at.part("Costs and payments"))
    at.press(
        "Approve as it stands", within=at.part("Support plan"), of="The support plan as agreed"
    )
    at.see("Approved", within=at.part("Support plan"))


@step(24, "officer")
def share_the_money_with_the_cashier(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Who can see it")
    at.choose("Share with", "Tamara Vishneuskaya")
    at.tick("What they may open", "Identity: names, birth, citizenship", "Financial records")
    at.date("Until", in_days=90)
    at.choose("Reason", "Provides assistance")
    at.press("Share")
    at.see("The case is shared with Tamara Vishneuskaya.")


@step(25, "cashier")
def the_cashier_pays_a_part(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Pay", of="Reintegration")
    at.fill("Amount", "700.00")
    at.date("Paid on")
    at.fill("Receipt number", "R-101")
    at.press("Save")
    at.see("The payment is recorded.", "Paid 700.00 BYN, open 500.00 BYN")
    at.press("Budgets")
    at.read("START-1")
    line = at.page.get_by_role("table", name="START-1")
    at.see("Left", "19,300.00", within=line)


@step(26, "officer")
def the_grant_is_given(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Open", of="Reintegration")
    at.choose("Status", "Delivered")
    at.date("From")
    at.choose("How satisfied is the person?", "Satisfied")
    at.press("Save")
    at.see("Saved.")
    at.move("Follow-up")
    at.see("Visit at intervals, and step in when something turns.")


@step(27, "officer")
def a_visit_finds_her_in_danger(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Assess the risk")
    at.choose("Does the person need a doctor at once?", "No")
    at.choose("Does anybody threaten the person, or might they be trafficked again?", "Yes")
    at.choose("Risk", "High")
    at.fill("In words", "The recruiter found her telephone number")
    at.date("Next review", in_days=7)
    at.press("Save")
    at.see("High", "How it was before", within=at.part("Risk and safety"))
    at.move("Assistance")
    at.see("The case is in the stage “Assistance” now.")


@step(28, "psychologist")
def she_is_held_in_the_crisis(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Add a session", of="Psychological")
    at.fill("Minutes", "90")
    at.fill("Note", "Frightened; goes to her sister for two weeks")
    at.press("Save")
    at.see("The session is recorded.")


@step(29, "officer")
def the_danger_has_passed(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Assess the risk")
    at.choose("Does the person need a doctor at once?", "No")
    at.choose("Does anybody threaten the person, or might they be trafficked again?", "No")
    at.choose("Risk", "Low")
    at.fill("In words", "New number; the police warned him off")
    at.date("Next review", in_days=60)
    at.press("Save")
    at.see("Low", within=at.part("Risk and safety"))
    at.move("Follow-up")
    at.see("The case is in the stage “Follow-up” now.")


@step(30, "officer")
def ask_for_the_closure_too_early(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Close the case")
    at.tick("How does it end?", "Closed")
    at.choose("Reason", "The goals are reached, or the time of support is over")
    at.fill("Reason for case closure, in words", "Her workshop has paid its rent for half a year")
    at.tick_alone("The person has their own documents and things back")
    at.fill(
        "Not so yet: “No assistance, and no payment, is planned or under way”. Why may it stay open?",
        "The last 500 roubles follow",
    )
    at.press("Ask for the closure")
    at.see("Asked for. The case is closed when a supervisor approves.")


@step(31, "supervisor")
def the_supervisor_sends_it_back(at: Hands) -> None:
    at.go_to_start()
    at.press("Waiting for you")
    at.see("Closure to approve", "Waiting for you")
    at.open_row(WOMAN)
    at.press("Send it back")
    at.fill("Why?", "First pay what is owed, and let the psychologist finish")
    at.press("Keep the case open")
    at.see("The case stays open.")


@step(32, "psychologist")
def the_psychologist_finishes(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Open", of="Psychological")
    at.choose("Status", "Delivered")
    at.fill("Outcome", "Sleeps well, knows whom to call")
    at.press("Save")
    at.see("Delivered", within=at.part("Assistance"))


@step(33, "cashier")
def the_cashier_pays_the_rest(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Pay", of="Reintegration")
    at.fill("Amount", "500.00")
    at.date("Paid on")
    at.fill("Receipt number", "R-102")
    at.press("Save")
    at.see("Paid 1,200.00 BYN, open 0.00 BYN")


@step(34, "officer")
def ask_for_the_closure_again(at: Hands) -> None:
    at.open_case(WOMAN)
    at.read("First pay what is owed, and let the psychologist finish")
    at.press("Close the case")
    at.see("Done", "No assistance, and no payment, is planned or under way")
    at.tick("How does it end?", "Closed")
    at.choose("Reason", "The goals are reached, or the time of support is over")
    at.fill("Reason for case closure, in words", "Her workshop has paid its rent for half a year")
    at.tick_alone("The person has their own documents and things back")
    at.press("Ask for the closure")
    at.see("Asked for. The case is closed when a supervisor approves.")


@step(35, "supervisor")
def the_supervisor_approves_the_closure(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Approve as it stands", of="The closure of this case")
    at.see("Closed", within=at.bar)
    at.see("Kept until", within=at.part("Closing and erasure"))


@step(36, "officer")
def she_comes_back(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Reopen the case")
    at.choose("It goes on with", "Assistance")
    at.fill("Why?", "She is called as a witness and asks for a lawyer")
    at.press("Reopen the case")
    at.see("The case is open again.", "Work on this case goes on.")


@step(37, "lawyer")
def her_claim_comes_to_trial(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Open", of="Legal")
    at.choose("Stage", "Trial")
    at.choose("Status", "Under way")
    at.press("Save")
    at.see("Trial", "Under way", within=at.part("Assistance"))


# --- A child alone --------------------------------------------------------------------
@step(38, "officer")
def register_the_child(at: Hands) -> None:
    search(at, "Yanka Rabinka")
    begin_registration(at)
    at.tick(
        "Agreed purposes",
        "Assistance by our organisation",
        "Sharing with the organisations of a referral",
    )
    at.fill("Guardian, for a child", "Guardianship office of the city")
    at.fill("Family name", "Rabinka")
    at.fill("Given name", "Yanka")
    at.fill("Date of birth", "2014-03-27")
    at.choose("Gender", "Masculine")
    at.unfold("For a child")
    at.choose("Is the child without a parent or guardian here?", "Yes")
    at.tick("Types of exploitation", "Forced begging")
    at.fill("What happened, in short", "Begged at the station for a man he calls uncle")
    at.choose("Trafficking status", "Possible victim of trafficking")
    at.choose("Decided by", "Police")
    at.date("Decided on")
    at.press("Open the case")
    at.press("Show the name")
    at.see("Child", within=at.bar)


@step(39, "officer")
def he_gets_a_guardian(at: Hands) -> None:
    at.open_case(CHILD)
    at.press("Add a step of protection")
    at.see("The person is a child: a reflection period is for adults alone.")
    at.see_none_to_choose("Step", "Reflection period")
    at.choose("Step", "Guardian appointed")
    at.date("From, or decided on")
    at.fill("What was decided, and why", "A guardian from the city, as no relative is known")
    at.press("Save")
    at.see("Guardian appointed", within=at.part("Protection"))


@step(40, "officer")
def note_who_his_guardian_is(at: Hands) -> None:
    at.open_case(CHILD)
    at.press("Change", of="Who the person is")
    at.unfold("For a child")
    at.fill("Name of the guardian", "Alesia Veras")
    at.fill("Relation to the child", "Appointed by the city")
    at.fill("How to reach the guardian", "+375 00 555-02-02")
    at.press("Save")
    at.press("Show the name")
    at.see("Name of the guardian", within=at.part("Who the person is"))
    at.read("Alesia Veras")


@step(41, "officer")
def his_best_interests(at: Hands) -> None:
    at.open_case(CHILD)
    at.press("Add a step of protection")
    at.choose("Step", "Best interests of the child determined")
    at.date("From, or decided on")
    at.fill("What was decided, and why", "Stays here and goes to school until the aunt is found")
    at.fill("Who took part in the decision", "Guardian, teacher, psychologist, case officer")
    at.fill("The child's own view", "I want to go to school, and to my aunt")
    at.press("Save")
    at.see("Best interests of the child determined", within=at.part("Protection"))
    at.read("I want to go to school, and to my aunt")


@step(42, "officer")
def assess_his_dangers(at: Hands) -> None:
    at.open_case(CHILD)
    at.move("Assessment")
    at.press("Assess the risk")
    at.choose("Does the person need a doctor at once?", "No")
    at.choose("Does anybody threaten the person, or might they be trafficked again?", "Yes")
    at.choose("Risk", "High")
    at.tick("What about the person adds to it?", "Age")
    at.fill("Safety plan", "Never alone on the way to school; the police know the man")
    at.date("Next review", in_days=14)
    at.press("Save")
    at.see("High", "next review", within=at.part("Risk and safety"))


@step(43, "officer")
def refer_him_to_the_first_partner(at: Hands) -> None:
    at.open_case(CHILD)
    at.move("Assistance")
    at.press("Refer")
    at.press("Protection of a child")
    at.tick("Refer to", "The Bridge centre for children (partner)")
    at.fill("Message", "Somebody who is with him by day, and looks for his aunt")
    at.press("Send the referral")
    at.see("The case is referred to The Bridge centre for children (partner).")


@step(44, "officer")
def refer_him_to_the_second_partner(at: Hands) -> None:
    at.open_case(CHILD)
    at.press("Refer")
    at.press("Shelter or housing")
    at.tick("Refer to", "Linden House shelter (partner)")
    at.fill("Message", "A bed apart from adults, from tomorrow")
    at.press("Send the referral")
    at.see("The case is referred to Linden House shelter (partner).")
    at.see("Protection of a child", "Shelter or housing", within=at.part("Referrals"))


@step(45, "partner.children")
def the_centre_accepts(at: Hands) -> None:
    at.go_to_start()
    at.press("Referred to us", within=at.page.locator("#main"))
    at.open_row(CHILD)
    at.read("Somebody who is with him by day, and looks for his aunt")
    at.press("Accept")
    at.see("Accepted")
    at.press("Case file")
    at.see("Protection of a child")
    at.see_none("Shelter or housing")


@step(46, "partner")
def the_shelter_declines(at: Hands) -> None:
    at.go_to_start()
    at.press("Referred to us", within=at.page.locator("#main"))
    at.open_row(CHILD)
    at.fill("In your words", "We have no room apart from adults")
    at.press("Decline")
    at.see("Saved.")
    at.miss(CHILD)


@step(47, "officer")
def what_is_done_instead(at: Hands) -> None:
    at.open_case(CHILD)
    at.press("Shelter or housing", within=at.part("Referrals"))
    at.see("Declined", "What is done instead?")
    at.read("We have no room apart from adults")
    at.fill("In your words", "He sleeps at a foster family that the guardian knows")
    at.press("Save")
    at.see("Saved.")


@step(48, "partner.children")
def the_centre_gives_feedback(at: Hands) -> None:
    at.go_to_start()
    at.press("Referred to us", within=at.page.locator("#main"))
    at.open_row(CHILD)
    at.fill("In your words", "His aunt is found; she comes on Sunday")
    at.press("Give feedback")
    at.see("Saved.", "Feedback")


# --- A man who worked by force --------------------------------------------------------
@step(49, "officer")
def register_the_man(at: Hands) -> None:
    search(at, "Kastus Dubrova")
    begin_registration(at)
    at.tick(
        "Agreed purposes",
        "Assistance by our organisation",
        "Sharing with the organisations of a referral",
    )
    at.fill("Family name", "Dubrova")
    at.fill("Given name", "Kastus")
    at.fill("Date of birth", "1979")
    at.choose("Gender", "Masculine")
    at.tick("Types of exploitation", "Forced labour")
    at.tick("Industries of forced labour", "Construction")
    at.fill("What happened, in short", "Built houses for a year and was never paid")
    at.press("Open the case")
    at.see("is open.")


@step(50, "officer")
def screen_him(at: Hands) -> None:
    at.open_case(MAN)
    at.press("Add a screening")
    at.date("Screened on")
    at.choose("Screened by", "NGO")
    at.choose("Is their pay withheld, or must they hand it over?", "Yes")
    at.choose("Is the work or the place other than was promised?", "Yes")
    at.choose("Do they live where they work, or where the employer says?", "Yes")
    at.choose("Are there traces of violence?", "Not asked")
    at.choose("Are they made to beg, steal or break the law otherwise?", "No")
    at.choose("Result", "Signs of trafficking: pass on for identification")
    at.press("Save")
    at.see("Signs of trafficking: pass on for identification", within=at.part("Screening"))


@step(51, "officer")
def note_two_decisions_on_him(at: Hands) -> None:
    at.open_case(MAN)
    at.press("Add a decision")
    at.choose("Trafficking status", "Possible victim of trafficking")
    at.choose("Decided by", "NGO")
    at.date("Decided on")
    at.press("Save")
    at.press("Add a decision")
    at.choose("Trafficking status", "Actual victim of trafficking")
    at.choose("Decided by", "Court or prosecution")
    at.date("Decided on")
    at.press("Save")
    at.see(
        "Possible victim of trafficking",
        "Actual victim of trafficking",
        within=at.part("Identification"),
    )


@step(52, "officer")
def assess_his_risk(at: Hands) -> None:
    at.open_case(MAN)
    at.move("Assessment")
    at.press("Assess the risk")
    at.choose("Does the person need a doctor at once?", "No")
    at.choose("Does anybody threaten the person, or might they be trafficked again?", "Not known")
    at.choose("Risk", "Medium")
    at.date("Next review", in_days=3)
    at.press("Save")
    at.go_to_start()
    at.press("Due this week")
    at.see("Review of the risk", within=at.row(MAN))


@step(53, "officer")
def refer_him_for_work(at: Hands) -> None:
    at.open_case(MAN)
    at.move("Assistance")
    at.press("Refer")
    at.press("Finding work")
    at.tick("Refer to", "Linden House shelter (partner)")
    at.fill("Message", "He is a bricklayer and would start at once")
    at.press("Send the referral")
    at.see("The case is referred to Linden House shelter (partner).")


@step(54, "officer")
def he_withdraws_a_part_of_his_consent(at: Hands) -> None:
    at.open_case(MAN)
    at.press("Record consent")
    at.tick("Does the person agree that we keep and use this information?", "Yes")
    at.date("Date of consent")
    at.tick("Agreed purposes", "Assistance by our organisation")
    at.fill("Remarks", "Does not want anybody else to know")
    at.press("Save")
    at.see("Consent is recorded.", "What other organisations could see of the case ends.")
    at.see("Withdrawn", within=at.part("Referrals"))


@step(55, "partner")
def the_partner_sees_him_no_more(at: Hands) -> None:
    at.go_to_start()
    at.press("Referred to us", within=at.page.locator("#main"))
    at.page.get_by_role("heading", name="Referred to us").wait_for()
    at.miss(MAN)


@step(56, "officer")
def review_his_risk_and_ask_for_the_closure(at: Hands) -> None:
    at.open_case(MAN)
    at.press("Assess the risk")
    at.choose("Does the person need a doctor at once?", "No")
    at.choose("Does anybody threaten the person, or might they be trafficked again?", "No")
    at.choose("Risk", "Low")
    at.date("Next review", in_days=30)
    at.press("Save")
    at.press("Close the case")
    at.tick("How does it end?", "Closed")
    at.choose("Reason", "The person does not want support any more")
    at.fill("Reason for case closure, in words", "Found work himself and thanks us")
    at.fill("If not, why may the case be closed?", "The police keep his passport until the trial")
    at.press("Ask for the closure")
    at.see("Asked for. The case is closed when a supervisor approves.")


@step(57, "supervisor")
def his_case_is_closed(at: Hands) -> None:
    at.go_to_start()
    at.press("Waiting for you")
    at.open_row(MAN)
    at.read("The police keep his passport until the trial")
    at.press("Approve as it stands", of="The closure of this case")
    at.see("Closed", within=at.bar)
    at.see("Kept until", within=at.part("Closing and erasure"))


# --- Looking back ---------------------------------------------------------------------
@step(58, "supervisor")
def who_saw_her_case(at: Hands) -> None:
    at.open_case(WOMAN)
    at.press("Who saw and changed what")
    at.choose("Person", "Volha Rudzko")
    at.press("Apply")
    at.see("Volha Rudzko", within=at.page.locator(".moj-timeline"))


@step(59, "analyst")
def count_without_naming(at: Hands) -> None:
    at.go_to_start()
    at.press("Build a table")
    at.choose("Rows", "Type of exploitation")
    at.choose("Columns", "Sex")
    at.press("Show the table")
    at.see("by type of exploitation", "<11", "How to read these figures")


@step(60, "auditor")
def the_record_holds(at: Hands) -> None:
    at.go_to_start()
    at.press("Verify the record")
    at.press("Verify now")
    at.see("The record holds")
