-- Everything in a session, newest first.
-- param session_id: text = -- which session
SELECT timestamp, "table", id, event_type, agent_id, session_id, event
FROM {all_events} WHERE session_id = :session_id ORDER BY timestamp DESC LIMIT 500
