-- Everything about an agent, newest first.
-- param agent_id: text = -- which agent
SELECT timestamp, "table", id, event_type, agent_id, session_id, event
FROM {all_events} WHERE agent_id = :agent_id ORDER BY timestamp DESC LIMIT 500
