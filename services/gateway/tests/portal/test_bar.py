"""The bar of a case: nothing in it lies over another, and the name of the user is whole."""

import pytest

from gateway.users.models import User

pytestmark = pytest.mark.browser

NAMES = ("Dr Katharina Schmidt-Oberhauser", "Donaudampfschifffahrtsgese", "Dr Lee")
MEASURE = """() => {
    const who = document.querySelector('.who');
    const account = document.querySelector('.account').getBoundingClientRect();
    const shown = [...document.querySelectorAll('.case-bar > *')].filter((part) => part.checkVisibility());
    const end = Math.max(...shown.map((part) => part.getBoundingClientRect().right));
    const cut = who.scrollWidth > who.clientWidth || who.scrollHeight > who.clientHeight + 1;
    return { cut, over: end > account.left };
}"""


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_name_of_the_user_is_not_cut_and_covers_nothing(logged_in, study, picture, app, locale):
    study.add(picture(91), [], laterality="R", view="CC")
    page = logged_in(study.url, locale=locale)
    for name in NAMES:
        with app.state.sessions.begin() as session:
            session.query(User).filter_by(username="alice").update({"display_name": name})
        page.reload()
        for width in (1280, 1440, 1481, 1800, 1801, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(MEASURE) == {"cut": False, "over": False}, f"{name} at {width} px"
