@echo off
rem echo {"a":1} >> commented.jsonl
set LOG=logs\events.jsonl
echo {"event":"start","user":"%USERNAME%"} >> %LOG%
echo started >> logs\plain.txt
>> "%~dp0run.log" echo {"event":"mid"}
for /f "delims=" %%a in (queue.jsonl) do call :one %%a
type logs\events.jsonl | findstr error > nul
if exist logs\events.jsonl (
  echo found
)
