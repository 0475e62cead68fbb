"""A page in headless Chromium: opened from the file system, looked at, clicked and typed into."""

import base64
import json
import shutil
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PATIENCE = 30  # seconds, for a machine that has much else to do


class Browser:
    """One Chromium for all pages. Nothing is switched off for it to open files, so that what works here works by a double click."""

    def __init__(self):
        options = Options()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_script_timeout(PATIENCE)

    def close(self):
        self.driver.quit()

    def call(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def open(self, path, width=1360, dark=False, scripts=True, fragment=""):
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        is_phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=2 if is_phone else 1, mobile=is_phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.driver.get("about:blank")
        self.console()
        self.driver.get_log("performance")
        self.driver.get(f"{path.as_uri()}{fragment}")
        if scripts:
            self.wait(lambda: self.run("return 'ready' in document.documentElement.dataset"), "the page is not drawn")
            self.settle()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, is_so, message):
        end = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f"{message}: {self.console()}")
            time.sleep(0.02)

    def settle(self):
        """Until what was asked for is drawn: two frames later."""
        self.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def choose(self, selector, value):
        """As a reader does: by the keyboard, so that the page hears of it."""
        place = self.run("return [...document.querySelector(arguments[0]).options].findIndex(option => option.value === arguments[1])", selector, value)
        assert place >= 0, f"{selector} has no {value}"
        field = self.find(selector)
        field.send_keys(Keys.HOME, *[Keys.ARROW_DOWN] * place)
        assert field.get_attribute("value") == value, f"{selector} is {field.get_attribute('value')}"
        self.settle()

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def click(self, selector, x=0, y=0):
        """At a place of an element, from its middle on."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({ block: 'center' })", element)
        ActionChains(self.driver).move_to_element_with_offset(element, x, y).click().perform()
        self.settle()

    def console(self):
        """What the console says, warnings and errors alike."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that were asked for since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def picture(self, path, height=5000):
        size = self.run("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], height), "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def paper(self):
        """The page as a PDF."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def painted(self, selector):
        """How many different colours a canvas has: one or two if nothing is drawn."""
        return self.run(
            """const canvas = document.querySelector(arguments[0]);
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const colours = new Set();
            for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
            return colours.size;""",
            selector,
        )

    def drawn(self, selector, colour):
        """How many points of a canvas have a colour of the style sheet."""
        return self.run(
            """const canvas = document.querySelector(arguments[0]);
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const wanted = [1, 3, 5].map(from => parseInt(theme.colour(arguments[1]).slice(from, from + 2), 16));
            let many = 0;
            for (let at = 0; at < data.length; at += 4) if (wanted.every((value, part) => Math.abs(data[at + part] - value) < 12) && data[at + 3] > 100) many++;
            return many;""",
            selector,
            colour,
        )
