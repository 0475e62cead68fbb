"""Looks at pages of `rerunoff report` in a browser, as a reader does: python check_report.py PATH/TO/rerunoff

Pages are opened from the file system. Pictures of them are left in target/report-pictures, to be looked at.
"""

import sys
import unittest
from pathlib import Path

from selenium.webdriver.common.keys import Keys

import projects
from browser import Browser
from pages import DELAWARE, WIDTHS, Pages


class Example(Pages):
    @classmethod
    def make(cls, folder):
        return projects.example(cls.rerunoff, folder)

    def test_looks(self):
        self.look("example")

    def test_a_click_on_the_map_chooses_and_shows_the_curve(self):
        self.open()
        self.assertGreater(self.browser.painted("#map canvas"), 20)
        before, curve = self.heading(), self.curve()
        # Catchments are as large as a thumb here: one of these is another than the first.
        for across in (-150, -60, 40):
            self.browser.click("#map canvas", across, 10)
            if self.heading() != before:
                break
        self.assertNotEqual(self.heading(), before)
        self.assertIn(f"catchment={self.heading().removeprefix('Catchment ')}", self.address())
        self.assertNotEqual(self.curve(), curve)
        for figure in ("hydrograph", "duration"):
            self.assertGreater(self.browser.drawn(f"#{figure} canvas", "water"), 200)
        self.quiet()

    def curve(self):
        return self.browser.run("return document.querySelector('#hydrograph canvas').toDataURL()")

    def test_an_id_is_typed(self):
        self.open()
        self.browser.find("#find").send_keys("7002")
        offered = [option.text for option in self.browser.all("#found li")]
        self.assertEqual(offered, [f"7002{last}" for last in range(8)])
        self.browser.press(Keys.ARROW_DOWN, Keys.ENTER)
        self.assertEqual(self.heading(), "Catchment 70021")
        self.browser.find("#find").send_keys("nowhere")
        self.assertEqual(self.browser.text("#found"), "no such catchment")
        self.browser.press(Keys.ESCAPE)
        self.assertFalse(self.browser.find("#found").is_displayed())
        self.quiet()

    def test_another_scenario(self):
        self.open()
        before = self.browser.text("#card table")
        self.browser.choose("#choose-scenario", "2")
        self.assertIn("k=0.024", self.browser.text("#card caption"))
        self.assertNotEqual(self.browser.text("#card table"), before)
        self.assertIn("scenario=k%3D0.024", self.address())
        self.quiet()

    def test_what_changed_since_the_tag_is_on_the_map(self):
        self.open()
        self.browser.choose("#choose-colour", "herbicide_load_mean")
        now = self.map()
        self.browser.choose("#choose-show", "percent")
        self.assertNotEqual(self.map(), now)
        self.assertIn("% of what it was", self.browser.text(".legend .title"))
        legend = self.browser.text(".legend .others")
        # What failed is no amount.
        self.assertIn("failed\n2", legend)
        # 0 that is 0 as before is unchanged.
        self.assertNotIn("no value", legend)
        failed = self.browser.find(".legend .other")
        percent = self.map()
        failed.click()
        self.browser.settle()
        self.assertEqual(failed.get_attribute("aria-pressed"), "true")
        self.assertNotEqual(self.map(), percent)
        self.quiet()

    def map(self):
        return self.browser.run("return document.querySelector('#map canvas').toDataURL()")

    def test_by_keyboard_alone(self):
        self.open()
        for _ in range(40):
            self.browser.press(Keys.TAB)
            if self.browser.run("return document.activeElement.matches('#map canvas')"):
                break
        else:
            self.fail("the map is not come to")
        outline = self.browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        self.assertEqual(outline, "solid", "what has the focus is seen")
        before = self.heading()
        self.browser.press(Keys.ARROW_RIGHT)
        self.assertNotEqual(self.heading(), before)
        self.assertIn(self.heading().removeprefix("Catchment "), self.browser.find("#map canvas").get_attribute("aria-label"))
        whole = self.map()
        self.browser.press("+", "+")
        self.assertNotEqual(self.map(), whole)
        self.browser.press("0")
        self.assertEqual(self.map(), whole)
        self.quiet()

    def test_time_is_zoomed_with_the_peaks(self):
        self.open()
        whole = self.browser.run("return report.series.at(0) - report.series.at(1)")
        self.assertEqual(whole, -3600)
        before = self.curve()
        self.browser.click('#hydrograph [data-do="nearer"]')
        nearer = self.curve()
        self.assertNotEqual(nearer, before)
        self.browser.click('#hydrograph [data-do="later"]')
        self.assertNotEqual(self.curve(), nearer)
        self.browser.click('#hydrograph [data-do="whole"]')
        self.browser.click('#hydrograph [data-do="log"]')
        self.browser.find("#hydrograph .plot").send_keys(Keys.ARROW_RIGHT * 3)
        self.browser.settle()
        self.assertRegex(self.browser.text("#hydrograph .when"), r"^2009-01-\d\d \d\d:00$")
        self.assertRegex(self.browser.text("#hydrograph .key"), r"now\s+[\d.]+")
        self.quiet()

    def test_a_curve_that_is_0_all_the_time_is_drawn(self):
        self.open(fragment="#catchment=70021")
        self.browser.choose("#choose-variable", "0")
        self.assertEqual(self.browser.run("return Math.max(...report.series.of(choice.catchment, 0, 0).now.high.filter(Number.isFinite))"), 0)
        self.assertGreater(self.browser.drawn("#hydrograph canvas", "water"), 200)
        self.quiet()

    # A curve of ten steps with gaps, in place of what the page has.
    GAPS = """const [low, high, isLog] = arguments;
        const curve = { times: low.map((_, at) => report.series.at(at)), isWhole: false, width: 2, then: null, band: null, now: { low, high } };
        report.series.of = () => curve;
        choose({ variable: choice.variable ? 0 : 1 });
        if (isLog) document.querySelector('#hydrograph [data-do="log"]').click();"""

    def test_a_value_between_gaps_is_drawn(self):
        self.open()
        values = [None, 3, None, None, 5, None]
        self.browser.run(self.GAPS, values, values, False)
        self.browser.settle()
        self.assertGreater(self.browser.drawn("#hydrograph canvas", "water"), 6)
        self.quiet()

    def test_a_peak_from_0_has_a_foot_on_a_logarithmic_axis(self):
        self.open()
        self.browser.run(self.GAPS, [0, 1, 0, 2], [5, 6, 7, 0], True)
        self.browser.settle()
        self.assertIn("0 is below the axis", self.browser.text("#hydrograph .thinned"))
        self.quiet()
        self.assertEqual(self.browser.run("return footed({ low: [0, 1, 0, NaN, 0], high: [5, 6, 7, NaN, 0] })"), [1, 1, 1, None, None])

    def test_a_small_page_says_what_was_thinned_and_keeps_the_peaks(self):
        small = self.folder / "small.html"
        projects.call(self.rerunoff, self.page.parent, "report", small, "--since", "calibrated", "--size", "0.5")
        greatest = "const { now } = report.series.of(choice.catchment, choice.variable, 0); return now.high.reduce((a, b) => Math.max(a, b))"
        whole_page, self.page = self.page, small
        self.addCleanup(setattr, self, "page", whole_page)
        for catchment in (1, 5, 8):  # those that failed have no curve
            self.open(fragment=f"#catchment=7000{catchment}")
            if "every step" not in self.browser.text("#hydrograph .thinned"):
                break
        thinned = self.browser.run(greatest)
        self.assertFalse(self.browser.run("return report.series.of(choice.catchment, choice.variable, 0).isWhole"))
        self.assertRegex(self.browser.text("#hydrograph .thinned"), r"^least and greatest of every [\d.]+ (h|days?|min)$")
        self.assertGreater(self.browser.painted("#hydrograph canvas"), 5)
        self.quiet()
        self.page = whole_page
        self.open(fragment=f"#catchment=7000{catchment}")
        self.assertEqual(self.browser.text("#hydrograph .thinned"), "every step")
        whole = self.browser.run(greatest)
        self.assertGreater(whole, 0)
        self.assertAlmostEqual(thinned, whole, delta=whole * 0.005)
        self.quiet()

    def test_a_link_of_a_table_and_an_address_choose(self):
        self.open()
        link = self.browser.find('#failures a[href*="catchment=70009"]')
        self.browser.run("arguments[0].scrollIntoView()", link)
        link.click()
        self.browser.settle()
        self.assertEqual(self.heading(), "Catchment 70009")
        self.assertIn("failed", self.browser.text("#card caption"))
        self.assertEqual(self.browser.text("#hydrograph .empty"), "It failed, so there is no curve.")
        self.open(fragment="#catchment=70012&scenario=k%3D0.024&colour=herbicide_load_mean&show=change")
        self.assertEqual(self.heading(), "Catchment 70012")
        self.assertEqual(self.browser.find("#choose-show").get_attribute("value"), "change")
        self.assertIn("k=0.024", self.browser.text("#card caption"))
        for variable in ("0", "1"):
            self.browser.choose("#choose-variable", variable)
            self.open(fragment=self.address())
            self.assertEqual(self.browser.find("#choose-variable").get_attribute("value"), variable)
        # An address that names what is not there is no trouble.
        self.open(fragment="#catchment=1&colour=x&show=constructor&scenario=")
        self.assertTrue(self.heading().startswith("Catchment 700"))
        self.quiet()

    def test_beside_every_picture_there_is_a_table(self):
        self.open()
        for figure in self.browser.all("figure"):
            details = figure.find_element("css selector", "details.beside")
            self.browser.run("arguments[0].open = true", details)
            self.browser.settle()
            self.assertGreater(len(details.find_elements("css selector", "tbody tr")), 3)
        self.quiet()

    def test_without_a_script_the_tables_hold(self):
        self.open(scripts=False)
        self.assertIn("runs none", self.browser.text("noscript"))
        self.assertFalse(self.browser.find("#map").is_displayed())
        self.assertTrue(self.browser.find("#changes svg").is_displayed())
        for section in ("changes", "gauges", "scenarios", "failures", "runs"):
            self.assertTrue(self.browser.find(f"#{section} h2").is_displayed())

    def test_on_paper_it_is_light(self):
        self.open(dark=True)
        dark = self.map()
        folded = "main details:not([open], .beside)"
        before = len(self.browser.all(folded))
        self.assertGreater(before, 0)
        self.browser.run("addEventListener('beforeprint', () => { window.printed = [theme.colour('paper'), document.querySelector('#map canvas').toDataURL(), document.querySelectorAll(arguments[0]).length] })", folded)
        self.assertGreater(len(self.browser.paper()), 50_000)
        paper, map_, left = self.browser.run("return window.printed")
        self.assertEqual(left, 0, "what is folded is unfolded on paper")
        self.assertEqual(paper, "#fdfdfb")
        self.assertNotEqual(map_, dark)
        self.browser.settle()
        self.assertEqual(len(self.browser.all(folded)), before)
        self.assertEqual(self.map(), dark)
        self.quiet()

    def test_the_reader_chooses_light_or_dark(self):
        self.open()
        paper = "return getComputedStyle(document.body.parentNode).backgroundColor"
        light = self.browser.run(paper)
        self.browser.click("#theme")
        self.browser.click("#theme")
        self.assertIn("dark", self.browser.text("#theme"))
        self.assertNotEqual(self.browser.run(paper), light)
        self.quiet()

    def test_nothing_moves_while_it_is_drawn(self):
        for width in WIDTHS:
            self.open(width=width)
            moved = self.browser.run(
                """const observer = new PerformanceObserver(() => {});
                observer.observe({ type: 'layout-shift', buffered: true });
                return observer.takeRecords().reduce((sum, entry) => sum + entry.value, 0);"""
            )
            self.assertLess(moved, 0.05, f"at {width} px")

    def test_text_can_be_read(self):
        """Contrasts as WCAG 2 has them, 4.5 for text and 3 for lines."""
        for dark in (False, True):
            self.open(dark=dark)
            for name, least in {"ink": 7, "soft": 4.5, "link": 4.5, "bad": 4.5, "good": 4.5, "water": 3, "then": 3, "measured": 3, "fill-failed": 3}.items():
                for ground in ("paper", "sheet"):
                    contrast = self.contrast(name, ground)
                    self.assertGreaterEqual(contrast, least, f"{name} on {ground}, dark: {dark}")

    def contrast(self, *names):
        colours = [self.browser.run("return theme.colour(arguments[0])", name).lstrip("#") for name in names]
        lights = []
        for colour in colours:
            parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
            parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
            lights.append(0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2])
        return (max(lights) + 0.05) / (min(lights) + 0.05)

    def test_who_listens_is_told(self):
        self.open()
        levels = self.browser.run("return [...document.querySelectorAll('h1, h2, h3')].map(heading => +heading.tagName[1])")
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after - before, 1, "no heading is left out")
        nameless = self.browser.run(
            """const named = each => each.labels?.length || each.getAttribute('aria-label') || each.textContent.trim();
            return [...document.querySelectorAll('select, input, button, canvas[tabindex], svg[role], .plot, a')]
              .filter(each => !each.hidden && !named(each)).map(each => each.outerHTML);"""
        )
        self.assertEqual(nameless, [])
        headless = self.browser.run("return [...document.querySelectorAll('table')].filter(each => !each.querySelector('th[scope]')).length")
        self.assertEqual(headless, 0)


class Hostile(Pages):
    @classmethod
    def make(cls, folder):
        return projects.hostile(cls.rerunoff, folder)

    def test_nothing_from_outside_becomes_markup(self):
        self.open()
        self.assertEqual(self.browser.text("h1"), projects.MARKUP)
        self.assertEqual(len(self.browser.all("img, iframe, object, embed, base, form, [onerror], [onload], [style*=url]")), 0)
        self.assertEqual(len(self.browser.all("script")), 2, "the facts and the page's own")
        for id in ("#catchment=1&scenario=2", projects.MARKUP):
            self.browser.find("#find").send_keys(id[:9])
            self.browser.press(Keys.ENTER)
            self.assertEqual(self.heading(), f"Catchment {id}")
        for details in self.browser.all("details"):
            self.browser.run("arguments[0].open = true", details)
        self.browser.settle()
        for link in self.browser.all('a[href^="#catchment="]'):
            self.browser.run("arguments[0].click()", link)
            self.browser.settle()
            self.assertEqual(self.heading(), f"Catchment {link.get_attribute('textContent')}")
        self.assertEqual(self.browser.run("return typeof window.broken"), "undefined")
        self.quiet()

    def test_a_script_that_came_in_all_the_same_is_not_run(self):
        self.open()
        self.browser.run(
            """const script = document.createElement('script');
            script.textContent = 'window.broken = 1';
            document.body.append(script);
            const image = document.createElement('img');
            image.src = 'https://example.org/x.png';
            document.body.append(image);"""
        )
        self.browser.settle()
        self.assertEqual(self.browser.run("return typeof window.broken"), "undefined")
        refused = self.browser.console()
        self.assertEqual(len(refused), 2, refused)
        self.assertTrue(all("Content Security Policy" in message for message in refused), refused)


class Delaware(Pages):
    """The page of 765 sub-catchments, where `make demo-delaware` has run them."""

    @classmethod
    def setUpClass(cls):
        if not all((DELAWARE / name).exists() for name in ("cache/store.sqlite", "data/prcp.nc")):
            raise unittest.SkipTest("the Delaware example was not run: make demo-delaware")
        super().setUpClass()

    @classmethod
    def make(cls, folder):
        folder.mkdir()
        page = folder / "delaware.html"
        projects.call(cls.rerunoff, DELAWARE, "report", page)
        return page

    def test_looks(self):
        self.look("delaware")

    def test_gauges_are_looked_at_first_and_others_by_a_click(self):
        self.open()
        first = self.heading()
        self.assertIn(first.removeprefix("Catchment "), ("5685", "6444"))
        self.assertIn("measured", self.browser.text("#hydrograph .key"))
        self.assertGreater(self.browser.painted("#map canvas"), 20)
        for across in range(-120, 160, 40):
            self.browser.click("#map canvas", across, 20)
        self.assertNotEqual(self.heading(), first)
        self.quiet()


if __name__ == "__main__":
    Pages.rerunoff = Path(sys.argv.pop(1)).resolve()
    Pages.browser = Browser()
    try:
        # Further arguments name tests: Example.test_looks.
        done = unittest.main(verbosity=2, exit=False, defaultTest=("Example", "Hostile", "Delaware"))
    finally:
        Pages.browser.close()
    sys.exit(not done.result.wasSuccessful())
