export function show(panel: Panel, event: Event) {
  panel.outputChannel.appendLine(JSON.stringify(event) + '\n');
  const form = new FormData();
  form.append('event.jsonl', JSON.stringify(event) + '\n');
  document.body.append(JSON.stringify(event));
  localStorage.setItem('events.jsonl', JSON.stringify(event));
  res.write(JSON.stringify(event) + '\n');
  socket.write('events.jsonl', JSON.stringify(event) + '\n');
}
