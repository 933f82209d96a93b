"""Films whose chest wall is on the wrong side."""

from lobule.contracts.result import Hanging
from lobule.corrections import hang_by_chest_wall
from mammo_worker.films.breast import find_breast
from mammo_worker.films.hanging import chest_wall_of


def test_chest_wall_on_the_wrong_side_mirrors_a_film_without_tags(draw_film):
    wall = chest_wall_of(find_breast(draw_film(600, 400, right=True)))
    assert wall == "right"
    assert hang_by_chest_wall(wall, "R", None) == (None, None)
    assert hang_by_chest_wall(wall, None, None) == (None, None)
    assert hang_by_chest_wall(None, "L", None) == (None, None)
    hanging, notice = hang_by_chest_wall(wall, "L", None)
    assert hanging == Hanging(mirrored=True)
    assert notice.code == "hung_by_chest_wall"


def test_chest_wall_against_the_tags_puts_the_label_in_doubt(draw_film):
    wall = chest_wall_of(find_breast(draw_film(600, 400, right=True)))
    hanging, notice = hang_by_chest_wall(wall, "L", Hanging())
    assert hanging == Hanging()
    assert notice.code == "chest_wall_against_laterality"
