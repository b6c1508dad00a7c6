-- How many agents have an event in a window.
{part span}
SELECT count(DISTINCT name) AS n FROM (
    {each agent}
    SELECT name FROM {agents} AS names, span WHERE name IS NOT NULL [[ AND name = :agent ]]
    AND EXISTS (SELECT 1 FROM {here} WHERE {agent} = names.name AND {in_span})
    {end}
)
