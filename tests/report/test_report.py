"""The report as its readers see it: opened in a headless Chromium."""

import re
import shutil

import pytest
from dag import snakemake

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
LONG = 60_000  # ms: other work may share the machine


@pytest.fixture(scope="module")
def report(finished):
    run = snakemake(finished, "--report", "report.html")
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr  # of a caption that is no reStructuredText
    return finished / "report.html"


@pytest.fixture
def page(report):
    """The report in a browser; what the browser complains of is in `page.failed`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(LONG)
        page.failed = []
        page.on("requestfailed", lambda request: page.failed.append(request.url[:200]))
        page.on("pageerror", lambda error: page.failed.append(str(error)))
        page.goto(report.as_uri())
        yield page
        browser.close()


def opened(page, *names):
    """Click through the menu from the front page, then on the eye beside the last name."""
    *menu, file = names
    page.reload()
    for name in menu:
        page.get_by_text(name, exact=True).first.click()
    page.locator("tr", has_text=file).locator("a").first.click()


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_front_page_figure_and_table_are_seen(page):
    counts = page.locator("table", has_text="not reproduced")
    counts.wait_for()
    for document in "hirn2026", "vu2026", "denardin2025":
        assert counts.get_by_text(document).is_visible()
    assert page.locator("table", has_text="made-up planet").is_visible()

    opened(page, "hirn2026", "figures", "fig3.png")
    figure = page.locator("img[src^='data:image/png']")
    figure.wait_for()
    assert figure.evaluate("image => image.naturalWidth") > 1000
    page.locator("tr", has_text="fig3.png").locator("a").nth(1).click()  # its caption
    page.locator("table", has_text="verdict").wait_for()  # the statements that it shows

    opened(page, "comparison", "comparison.html")
    table = page.frame_locator("iframe").locator("table", has_text=re.compile(r"item\s*published"))
    table.wait_for()
    assert table.get_by_text("denardin2025").first.is_visible()
    assert not page.failed
