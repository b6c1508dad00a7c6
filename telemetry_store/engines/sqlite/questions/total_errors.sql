-- How many errors a window has.
{part span}
SELECT printf('%,d', sum(n)) AS n FROM (
    {each error} SELECT count(*) AS n FROM span CROSS JOIN {errors} WHERE {in_span} [[ AND {agent} = :agent ]] {end}
)
