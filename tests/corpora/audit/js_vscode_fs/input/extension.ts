import * as vscode from 'vscode';

export async function save(uri: vscode.Uri, rows: object[]) {
  const text = rows.map((r) => JSON.stringify(r)).join('\n');
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(uri, 'rows.jsonl'), Buffer.from(text));
}
