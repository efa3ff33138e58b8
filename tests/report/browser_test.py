"""The page of hetmem report as a browser shows it: on a phone, on paper, in the dark, by keyboard
and to a screen reader."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

import browser

WRITE_REPORTS = os.environ.get("WRITE_REPORTS", "write_reports")
PHONE = 360
DESKTOP = 1280
SKIPPED = 77

# How much lighter one colour is than another (WCAG 2.1: 4.5 for text), for every piece of text that
# is seen. What lies below a text is the nearest ancestor that is painted; in a drawing, the last
# shape before the text that covers its middle.
CONTRASTS = r"""
(() => {
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const f = (v) => { v /= 255;
      return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05); };
  const painted = (c) => c.length >= 3 && (c.length < 4 || c[3] > 0.5);
  const behind = (e) => {
    if (e.ownerSVGElement) {
      const box = e.getBoundingClientRect();
      const x = box.left + box.width / 2, y = box.top + box.height / 2;
      let last = null;
      for (const shape of e.ownerSVGElement.querySelectorAll("rect, text")) {
        if (shape === e) { break; }
        const r = shape.getBoundingClientRect();
        const fill = parse(getComputedStyle(shape).fill);
        if (shape.tagName === "rect" && painted(fill) && r.left <= x && x <= r.right &&
            r.top <= y && y <= r.bottom) { last = fill; }
      }
      if (last) { return last; }
      e = e.ownerSVGElement;
    }
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (painted(c)) { return c; }
    }
    return [255, 255, 255];
  };
  const poor = [];
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    const words = walk.currentNode.textContent.trim();
    if (!words || /^(title|desc)$/.test(e.tagName) || !e.checkVisibility()) { continue; }
    const style = getComputedStyle(e);
    const of = ratio(parse(e.ownerSVGElement ? style.fill : style.color), behind(e));
    seen += 1;
    if (of < 4.5) { poor.push([words.slice(0, 40), Math.round(of * 100) / 100]); }
  }
  return {seen, poor};
})()
"""

SMALLEST_LETTERS = 9.5  # pixels; what is smaller cannot be read on a phone without enlarging
SMALLEST = r"""
(() => {
  let least = [999, ""];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || /^(title|desc)$/.test(e.tagName) ||
        e.closest(".drawing svg") || !e.checkVisibility()) { continue; }
    const scale = e.ownerSVGElement ? Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b) : 1;
    const size = parseFloat(getComputedStyle(e).fontSize) * scale;
    if (size < least[0]) { least = [size, walk.currentNode.textContent.trim().slice(0, 40)]; }
  }
  return least;
})()
"""
# The drawing of the machine is as wide as the phone, with smaller letters: the cards below it say
# the same.
DRAWING = r"""
[...document.querySelectorAll(".drawing svg")].map((e) => e.getBoundingClientRect().right)
"""

# What reaches beyond the right edge of the page and is in no box that scrolls by itself.
TOO_WIDE = r"""
(() => {
  const wide = [];
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest(".scroll") || e.closest("svg") || e.closest(".skip") || e.closest(".heard") ||
        !e.checkVisibility() || getComputedStyle(e).clipPath !== "none") { continue; }
    if (e.getBoundingClientRect().right > document.documentElement.clientWidth + 1) {
      wide.push(e.tagName + " " + e.textContent.trim().slice(0, 40));
    }
  }
  return {wide, page: document.documentElement.scrollWidth,
          window: document.documentElement.clientWidth};
})()
"""


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Path(tempfile.mkdtemp(prefix="hetmem-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.place)
        subprocess.run([WRITE_REPORTS, cls.place], check=True, timeout=120)
        cls.files = sorted(cls.place.glob("*.html"))
        cls.browser = cls.enterClassContext(browser.Browser())

    def each(self, look):
        """Looks at every page."""
        for file in self.files:
            with self.subTest(file.stem):
                self.browser.load(file)
                look(file)

    def setUp(self):
        self.browser.size(DESKTOP)
        self.browser.media()

    def test_it_is_well_formed(self):
        for file in self.files:
            with self.subTest(file.stem):
                root = xml.parse(file).getroot()
                self.assertEqual(root.tag, "{http://www.w3.org/1999/xhtml}html")

    def test_it_asks_for_nothing_and_the_browser_finds_no_fault(self):
        def look(file):
            self.assertEqual(self.browser.requests(), [file.as_uri()])
            self.assertEqual(self.browser.complaints(), [])
            self.assertEqual(self.browser.value("document.compatMode"), "CSS1Compat")

        self.each(look)

    def test_scripts_of_others_do_not_run(self):
        file = self.place / "with_script.htm"
        text = (self.place / "rich.html").read_text()
        script = "<script>document.title = 'ran'</script>"
        file.write_text(text.replace("</main>", script + "</main>"))
        self.browser.load(file)
        self.assertNotEqual(self.browser.value("document.title"), "ran")
        file.write_text(f"<!DOCTYPE html><p>{script}</p>")
        self.browser.load(file)
        self.assertEqual(self.browser.value("document.title"), "ran", "where nothing forbids it")

    def test_a_phone_scrolls_down_only(self):
        def look(_):
            found = self.browser.value(TOO_WIDE)
            self.assertEqual(found["wide"], [])
            self.assertLessEqual(found["page"], PHONE)
            for right in self.browser.value(DRAWING):
                self.assertLessEqual(right, PHONE)

        self.browser.size(PHONE, 740, phone=True)
        self.each(look)

    def test_nothing_is_too_wide_for_other_windows_either(self):
        for width in (500, 760, 1024, 1920):
            self.browser.size(width)
            self.browser.load(self.place / "rich.html")
            self.assertLessEqual(self.browser.value(TOO_WIDE)["page"], width)

    def test_letters_can_be_read(self):
        def look(file):
            if file.stem == "hostile":
                return  # sentences of 3000 letters are drawn smaller before they are cut
            size, text = self.browser.value(SMALLEST)
            self.assertGreaterEqual(size, SMALLEST_LETTERS, text)

        for width in (PHONE, DESKTOP):
            self.browser.size(width, 740, phone=width == PHONE)
            self.each(look)

    def test_text_stands_out_by_day_and_by_night(self):
        def look(_):
            found = self.browser.value(CONTRASTS)
            self.assertGreater(found["seen"], 20)
            self.assertEqual(found["poor"], [])

        for scheme in ("light", "dark"):
            with self.subTest(scheme):
                self.browser.media(scheme=scheme)
                self.each(look)

    def test_the_dark_page_is_dark(self):
        self.browser.media(scheme="dark")
        self.browser.load(self.place / "rich.html")
        color = self.browser.value("getComputedStyle(document.body).backgroundColor")
        self.assertLess(max(int(n) for n in re.findall(r"\d+", color)), 64)

    def test_paper_is_white_and_has_everything(self):
        def look(_):
            self.assertEqual(
                self.browser.value("getComputedStyle(document.body).backgroundColor"),
                "rgb(255, 255, 255)")
            self.assertEqual(self.browser.value(
                "getComputedStyle(document.querySelector('nav')).display"), "none")
            self.assertEqual(self.browser.value(
                "[...document.querySelectorAll('details')].every((d) => "
                "getComputedStyle(d, '::details-content').contentVisibility === 'visible')"), True)

        self.browser.media(kind="print", scheme="dark")
        self.each(look)

    def test_it_prints(self):
        self.browser.load(self.place / "rich.html")
        sheets = self.browser.pdf()
        self.assertTrue(sheets.startswith(b"%PDF-"))
        self.assertGreater(len(re.findall(rb"/Type\s*/Page\b", sheets)), 2)

    def test_the_keyboard_reaches_what_can_be_reached(self):
        self.browser.load(self.place / "rich.html")
        self.browser.key("Tab", 9)
        self.assertEqual(self.browser.value("document.activeElement.className"), "skip")
        self.assertGreaterEqual(self.browser.value(
            "document.activeElement.getBoundingClientRect().left"), 0, "seen when it has the focus")
        self.browser.key("Enter", 13, "\r")
        self.assertEqual(self.browser.value("location.hash"), "#content")
        self.browser.value("document.querySelector('summary').focus()")
        before = self.browser.value("document.querySelector('details').open")
        self.browser.key("Enter", 13, "\r")
        self.assertEqual(self.browser.value("document.querySelector('details').open"), not before)
        self.assertEqual(self.browser.value(
            "[...document.querySelectorAll('.scroll')].every((e) => e.tabIndex === 0)"), True)

    def test_what_has_the_focus_is_seen(self):
        self.browser.load(self.place / "rich.html")
        for _ in range(3):
            self.browser.key("Tab", 9)
            self.assertNotEqual(self.browser.value(
                "getComputedStyle(document.activeElement).outlineStyle"), "none")

    def test_headings_are_in_order(self):
        def look(_):
            levels = self.browser.value(
                "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
            self.assertEqual(levels[0], 1)
            self.assertEqual(levels.count(1), 1)
            for before, after in zip(levels, levels[1:]):
                self.assertLessEqual(after, before + 1)

        self.each(look)

    def test_a_screen_reader_is_told_everything(self):
        def look(_):
            told = self.browser.names_for_a_screen_reader()
            roles = {role for role, _ in told}
            for role in ("banner", "navigation", "main", "contentinfo"):
                self.assertIn(role, roles)
            for role, name in told:
                if role in ("image", "img", "table", "region", "link"):
                    self.assertTrue(name.strip(), f"a {role} without a name")
            self.assertEqual(self.browser.value("document.documentElement.lang"), "en")

        self.each(look)

    def test_tables_are_tables_on_a_phone_too(self):
        self.browser.size(PHONE, 740, phone=True)
        self.browser.load(self.place / "rich.html")
        told = self.browser.names_for_a_screen_reader()
        for table in ("Memories", "What was read"):
            self.assertIn(("table", table), told)
        self.assertIn(("rowheader", "node2 proximity domain 2"), told)
        self.assertIn(("columnheader", "Size"), told)

    def test_color_is_never_all(self):
        self.browser.load(self.place / "rich.html")
        self.assertEqual(self.browser.value(
            "[...document.querySelectorAll('.heat td')].every((e) => e.textContent.trim())"), True)
        words = self.browser.value(
            "[...document.querySelectorAll('.finding .level')].map((e) => e.textContent)")
        self.assertEqual([w.lstrip("✕!i") or w for w in words][:2], ["error", "warning"])

    def test_no_page_is_too_large_to_mail(self):
        for file in self.files:
            self.assertLess(file.stat().st_size, 2_000_000, file.stem)


if __name__ == "__main__":
    if browser.find() is None:
        print("skipped: there is no chromium here (Debian package chromium)")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
