"""Links the names of one list to those of a master list, or to none: what `rowcol evaluate vendors` does.

How names are compared is the product's graph, run by `rowcol_assets.evaluation.parties`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from ingestion.errors import UsageError
from ingestion.settings import Settings
from rowcol_assets.evaluation.parties import Name, compared_names

COLUMNS = ("query_name", "master_name", "score", "tier")
# The best candidate of each query, and how far ahead it is of the next that is spelled otherwise. Where two are as good,
# the one written more as the query is; then the first in the list.
BEST = """
    with model as (
        select
            max(weight) filter (term = 'gap') as gap,
            max(weight) filter (term = 'suggest') as suggest
        from seeds.party_model where party_kind = 'vendor'
    ),
    candidates as (
        select
            case left_rail when 'query' then left_id else right_id end::bigint as query_no,
            case left_rail when 'query' then right_id else left_id end::bigint as master_no,
            name_score,
            case when vetoes is null then tier else 'none' end as tier
        from intermediate.int_party_pairs
        where left_rail != right_rail
    ),
    spelled as (
        select
            candidates.*,
            masters.compact,
            jaro_winkler_similarity(lower(master_texts.text), lower(query_texts.text)) as likeness
        from candidates
        inner join intermediate.int_party_terms as masters on masters.rail = 'master' and masters.party_id = candidates.master_no::varchar
        inner join texts as master_texts on master_texts.side = 'master' and master_texts.number = candidates.master_no
        inner join texts as query_texts on query_texts.side = 'query' and query_texts.number = candidates.query_no
    ),
    best as (
        select * from spelled
        qualify row_number() over (
            partition by query_no order by (tier = 'none'), name_score desc, likeness desc, master_no
        ) = 1
    ),
    next as (
        select best.query_no, max(spelled.name_score) as name_score
        from best
        inner join spelled on best.query_no = spelled.query_no and best.compact != spelled.compact and spelled.tier != 'none'
        group by best.query_no
    )
    select
        best.query_no,
        case when best.tier != 'none' then best.master_no end,
        best.name_score,
        case when best.tier = 'auto' and best.name_score - coalesce(next.name_score, 0) < model.gap then 'suggest' else best.tier end
    from best
    cross join model
    left join next on best.query_no = next.query_no
"""


def link_vendors(settings: Settings, queries: Path, master: Path, out: Path) -> tuple[int, int]:
    """Writes `out` (CSV: query_name, master_name or empty, score, tier; a row per query, in order); returns rows and links.

    Names are taken from the column query_name or master_name, else from the first whose heading has "name" in it.
    UsageError for a file that is missing, is no UTF-8 CSV, or has no such column.
    """
    asked, known = read_names(queries, "query_name"), read_names(master, "master_name")
    answers = link_names(settings, asked, known)
    try:
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for text, (place, score, tier) in zip(asked, answers, strict=True):
                writer.writerow((text, "" if place is None else known[place], f"{score:.6f}", tier))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
    return len(asked), sum(place is not None for place, _, _ in answers)


def link_names(settings: Settings, asked: Sequence[str], known: Sequence[str]) -> list[tuple[int | None, float, str]]:
    """Per name asked for: the place in `known` of the one it is linked to (None: none), the score of the best, the tier."""
    names = [
        Name("evaluation", side, number, text) for side, texts in (("query", asked), ("master", known)) for number, text in enumerate(texts)
    ]
    answers: list[tuple[int | None, float, str]] = [(None, 0.0, "none")] * len(asked)
    with compared_names(settings, names, listed="master") as database:
        database.execute("create temp table texts (side varchar, number bigint, text varchar)")
        database.execute(
            "insert into texts select rail, party_id::bigint, names[1].text from intermediate.int_party_names where len(names) > 0"
        )
        for query_no, master_no, score, tier in database.execute(BEST).fetchall():
            answers[query_no] = (master_no, score, tier)
    return answers


def read_names(path: Path, column: str) -> list[str]:
    """The names of a CSV file with a heading, in order; empty ones stay, so that rows keep their places."""
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            heading = [name.strip() for name in next(reader, [])]
            place = _place(path, heading, column)
            return [row[place] if place < len(row) else "" for row in reader if row]
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise UsageError(f"{path} cannot be read as CSV in UTF-8") from None


def _place(path: Path, heading: list[str], column: str) -> int:
    lower = [name.lower() for name in heading]
    if column in lower:
        return lower.index(column)
    for place, name in enumerate(lower):
        if "name" in name:
            return place
    raise UsageError(f"{path} has no column {column}, nor another with a name")
