"""The tissue of a field, in words: its scale, where carcinoma is likely, and how unlike it is to that of training."""

from lobule.contracts.result import Result
from lobule.words import Words
from report.parts import Fact, HeatLegend


def heat_map_legend(result: Result, text: Words) -> HeatLegend | None:
    """The legend of a result's map; None without a map."""
    if result.heat_map is None:
        return None
    if result.heat_map.kind == "tumour":
        return HeatLegend(
            title=text("heat_map.legend.tumour"), low=text("heat_map.none"), high=text("heat_map.certain")
        )
    return HeatLegend(title=text("heat_map.legend"), low=text("heat_map.weak"), high=text("heat_map.strong"))


def scale_facts(result: Result, text: Words) -> tuple[Fact, ...]:
    """Micrometres a pixel of a field, and where they come from; nothing if they are not known."""
    tissue, given = result.tissue, result.image.um_per_pixel
    if tissue is not None:
        source, um = tissue.scale_source, tissue.um_per_pixel
    elif given is not None:
        source, um = "given", given
    else:
        return ()
    return (Fact(label=text("examined.scale"), value=text(f"examined.scale.{source}", um=f"{um:g}")),)


def tissue_facts(result: Result, text: Words) -> tuple[Fact, ...]:
    """Rows about what the tissue network found in a field."""
    tissue = result.tissue
    if tissue is None:
        return ()
    mapped = result.heat_map is not None and result.heat_map.kind == "tumour"
    values = {
        "tumour": text(
            "examined.tumour.value" if mapped else "examined.tumour.likeliest",
            percent=text.percent(tissue.probability_tumour),
            share=text.percent(tissue.tumour_share),
            mark=text.percent(tissue.marked_from),
        ),
        "unlike": text("examined.unlike.value", share=text.percent(tissue.unlike_training)),
    }
    if tissue.regions:
        regions = (
            text("examined.region", percent=text.percent(region.probability_tumour), x=region.x, y=region.y)
            for region in tissue.regions
        )
        values["regions"] = text.marks.semicolon.join(regions)
    return tuple(Fact(label=text(f"examined.{key}"), value=value) for key, value in values.items())
