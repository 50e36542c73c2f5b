// What Microsoft's own parser has to say of KQL: standard input holds `tables` (KQL types by column,
// by table) and `queries` (text by name); standard output holds the diagnostics by name.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const parser = join(__dirname, '../../ui/node_modules/@kusto/language-service-next');
require(join(parser, 'bridge.min.js'));
require(join(parser, 'Kusto.Language.Bridge.min.js'));
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

const { tables, queries } = JSON.parse(readFileSync(0, 'utf8'));

const declared = Object.entries(tables).map(([table, columns]) => {
  const names = Object.entries(columns).map(([name, type]) => `${name}: ${type}`);
  return Symbols.TableSymbol.From(`(${names.join(', ')})`).WithName(table);
});
const workspace = new Symbols.DatabaseSymbol.ctor('workspace', declared);
const globals = GlobalState.Default.WithDatabase(workspace);

function diagnosticsOf(text) {
  const found = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, index) => found.getItem(index)).map((one) => ({
    code: one.Code,
    message: one.Message,
    text: text.substr(one.Start, one.Length),
  }));
}

const answers = Object.entries(queries).map(([name, text]) => [name, diagnosticsOf(text)]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
