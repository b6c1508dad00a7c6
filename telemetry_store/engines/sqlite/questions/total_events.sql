-- How many events a window has.
{part span}
SELECT printf('%,d', sum(n)) AS n FROM (
    {each} SELECT (SELECT count(*) FROM {here} WHERE {in_span} [[ AND {agent} = :agent ]]) AS n FROM span {end}
)
