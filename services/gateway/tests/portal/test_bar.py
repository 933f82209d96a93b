"""The bar of a case: nothing in it lies over another, and the names of user and case are whole."""

import pytest

from gateway.cases.models import Case
from gateway.users.models import User

pytestmark = pytest.mark.browser

NAMES = ("Dr Katharina Schmidt-Oberhauser", "Donaudampfschifffahrtsgese", "Dr Lee")
MEASURE = """() => {
    const who = document.querySelector('.who');
    const account = document.querySelector('.account').getBoundingClientRect();
    const shown = [...document.querySelectorAll('.case-bar > *')].filter((part) => part.checkVisibility());
    const end = Math.max(...shown.map((part) => part.getBoundingClientRect().right));
    const cut = [who, document.querySelector('h1')]
        .filter((name) => name.scrollWidth > name.clientWidth || name.scrollHeight > name.clientHeight + 1)
        .map((name) => name.textContent);
    return { cut, over: end > account.left };
}"""


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_names_of_user_and_case_are_not_cut_and_cover_nothing(logged_in, study, picture, app, locale):
    study.add(picture(91), [], laterality="R", view="CC", study_date="2026-11-28")
    with app.state.sessions.begin() as session:
        session.get_one(Case, study.case).pseudonym = "P-2026-0042-BEFORE"
    page = logged_in(study.url, locale=locale)
    for name in NAMES:
        with app.state.sessions.begin() as session:
            session.query(User).filter_by(username="alice").update({"display_name": name})
        page.reload()
        for width in (1280, 1440, 1481, 1800, 1801, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(MEASURE) == {"cut": [], "over": False}, f"{name} at {width} px"


CUT_OFF = """rail => {
    const edge = rail.getBoundingClientRect();
    const tools = [...rail.querySelectorAll('.tool')].map((tool) => tool.getBoundingClientRect());
    return tools.filter(({ right, bottom }) => right > edge.right || bottom > edge.bottom).length;
}"""


@pytest.mark.parametrize("touch", [False, True])
def test_every_tool_of_the_rail_is_in_sight(logged_in, study, picture, touch):
    study.add(picture(92), [], laterality="R", view="CC")
    page = logged_in(study.url, has_touch=touch)
    rail = page.locator(".rail")
    tablets = ((1180, 820), (1024, 768), (820, 1180), (768, 1024))
    for width, height in tablets if touch else ((1280, 560), (1280, 650), (1280, 720), (1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        rail.wait_for()
        message = page.locator('[data-role="claimed"]')
        message.evaluate(
            "(node, told) => { node.hidden = !told; node.style.height = '90px'; }", width == 1280 and height > 600
        )
        assert rail.locator(".tool").first.bounding_box()["height"] >= (44 if touch else 24)
        assert rail.evaluate(CUT_OFF) == 0, f"{width} x {height}"
