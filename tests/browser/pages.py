"""What all tests of pages have in common: a page of one project, opened, looked at, and quiet."""

import shutil
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "target" / "report-pictures"
DELAWARE = ROOT / "tests" / "delaware"
WIDTHS = (360, 768, 1360)


class Pages(unittest.TestCase):
    rerunoff = None
    browser = None

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.page = cls.make(cls.folder / "project")

    @classmethod
    def make(cls, folder):
        raise NotImplementedError

    def open(self, **options):
        self.browser.open(self.page, **options)

    def quiet(self):
        """No error and no warning in the console, and nothing asked for but the page and its own icon."""
        self.assertEqual(self.browser.console(), [])
        asked = [address for address in self.browser.requests() if not address.startswith(("data:", "blob:", "about:"))]
        self.assertEqual({address.split("#")[0] for address in asked}, {self.page.as_uri()})

    def heading(self):
        return self.browser.text("#card h3")

    def address(self):
        return self.browser.run("return location.hash")

    def fits(self):
        """Nothing is wider than the window but what scrolls by itself."""
        width, window = self.browser.run("return [document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(width, window)

    def look(self, name):
        """Pictures at three widths, in the light and in the dark."""
        for width in WIDTHS:
            for dark in (False, True):
                self.open(width=width, dark=dark)
                self.fits()
                self.assertGreater(self.browser.painted("#hydrograph canvas"), 10)
                self.browser.picture(PICTURES / f"{name}-{width}{'-dark' if dark else ''}.png")
                self.quiet()
