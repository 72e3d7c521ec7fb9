"""The page a person reads: sections with one line per contender, then their budgets."""

from . import failures
from .contenders import HAPROXY, NGINX, NULL, TITLES
from .figures import Figure, figure, ratio
from .rounds import Measured
from .verdicts import MISS, VOID, Check, Section, judge

_WIDTH = 96


def section_of(measured: Measured) -> Section:
    """Figures, ratios and checks of one measured row."""
    section = Section(measured.row.name, measured.row.title, remarks=measured.remarks)
    for name, windows in measured.windows.items():
        own = section.figures[name] = {
            "cpu_us_per_request": figure(measured.cpu(name)),
            "requests_per_second": figure([window.rate for window in windows]),
            "core_busy_share": figure([window.busy for window in windows]),
        }
        if windows[0].answers.latency_p50_us is not None:
            own["latency_p50_us"] = figure([window.answers.latency_p50_us for window in windows])
            own["latency_p99_us"] = figure([window.answers.latency_p99_us for window in windows])
        if measured.row.load.rate:
            own["generator_late_p99_us"] = figure([window.answers.late_p99_us for window in windows])
        if NULL in measured.windows:
            own["rate_ratio_to_null"] = ratio(measured.cpu(NULL), measured.cpu(name))
        for peer in (NGINX, HAPROXY):
            if peer in measured.windows:
                own[f"cpu_ratio_to_{peer}"] = ratio(measured.cpu(name), measured.cpu(peer))
    section.checks = [judge(measured, budget) for budget in measured.row.budgets]
    return section


def heading(bench: str, when: str, facts: list[str]) -> str:
    lines = [f"Weir benchmarks: {bench}".ljust(_WIDTH - len(when)) + when, *facts]
    return "\n".join([*lines, "=" * _WIDTH])


def text_of(section: Section) -> str:
    lines = ["", section.title, "-" * _WIDTH]
    if any("bytes_sent" in own for own in section.figures.values()):
        lines += _coding_table(section)
    elif any("cpu_us_per_request" in own for own in section.figures.values()):
        lines += _load_table(section)
    elif any("bytes_per_connection" in own for own in section.figures.values()):
        lines += _memory_table(section)
    elif any("failed_requests" in own for own in section.figures.values()):
        lines += failures.text_of(section)
    elif any("added_median_us" in own for own in section.figures.values()):
        lines += _latency_table(section)
    else:
        lines += [f"  {name:<48}{_nanoseconds(own['nanoseconds'])}" for name, own in section.figures.items()]
    lines += [f"  note    {remark}" for remark in section.remarks]
    lines += [_check_line(check) for check in section.checks]
    return "\n".join(lines)


def _load_table(section: Section) -> list[str]:
    lines = [f"  {'':<30}{'CPU us per request':<20}{'rate':>7}{'CPU':>8}{'CPU':>9}{'req/s':>10}{'busy':>6}"
             f"{'p50 us':>8}",
             f"  {'':<30}{'median [95 %]':<20}{'/null':>7}{'/nginx':>8}{'/HAProxy':>9}"]
    for name, own in section.figures.items():
        lines.append(
            f"  {TITLES.get(name, name):<30}{own['cpu_us_per_request'].text():<20}"
            f"{_median(own, 'rate_ratio_to_null'):>7}"
            f"{_median(own, f'cpu_ratio_to_{NGINX}'):>8}{_median(own, f'cpu_ratio_to_{HAPROXY}'):>9}"
            f"{own['requests_per_second'].median:>10,.0f}{own['core_busy_share'].median:>6.0%}"
            f"{_median(own, 'latency_p50_us', 0):>8}")
    return lines


def _coding_table(section: Section) -> list[str]:
    lines = [f"  {'':<30}{'CPU us per request':<24}{'bytes sent':>12}"]
    for name, own in section.figures.items():
        lines.append(f"  {TITLES[name]:<30}{own['cpu_us_per_request'].text(1):<24}{own['bytes_sent']:>12,.0f}")
    return lines


def _memory_table(section: Section) -> list[str]:
    lines = [f"  {'':<30}{'RSS before':>14}{'RSS with them':>16}{'per connection':>18}"]
    for name, own in section.figures.items():
        lines.append(f"  {TITLES[name]:<30}{own['rss_before_mb']:>11.1f} MB{own['rss_after_mb']:>13.1f} MB"
                     f"{own['bytes_per_connection']:>12,.0f} bytes")
    return lines


def _latency_table(section: Section) -> list[str]:
    lines = [f"  {'':<30}{'p50 us':>10}{'p99 us':>10}{'added to p50':>14}{'CPU us':>10}"]
    for name, own in section.figures.items():
        lines.append(f"  {TITLES.get(name, name):<30}{_median(own, 'median_us', 0):>10}{_median(own, 'p99_us', 0):>10}"
                     f"{_median(own, 'added_median_us', 0):>14}{_median(own, 'cpu_us', 1):>10}")
    return lines


def _check_line(check: Check) -> str:
    value = "" if check.figure is None else check.figure.text(0 if check.figure.median >= 100 else 2)
    verdict = check.verdict.upper() if check.verdict in (MISS, VOID) else check.verdict
    return f"  budget  {check.budget:<56} {value:<20} {verdict}"


def _median(own: dict, key: str, digits: int = 2) -> str:
    return f"{own[key].median:.{digits}f}" if key in own else "-"


def _nanoseconds(value: Figure) -> str:
    return f"{value.median:>14,.1f} ns [{value.low:,.1f}-{value.high:,.1f}]"
