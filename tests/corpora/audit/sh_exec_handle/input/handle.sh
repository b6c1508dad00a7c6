exec 3>> trace.events
echo "{\"at\":$(date +%s)}" >&3
do_work
echo '{"end":true}' >&3
exec 3>&-
