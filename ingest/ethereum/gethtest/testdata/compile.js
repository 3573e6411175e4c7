const fs = require('fs'), solc = require('solc');
const [source, out] = process.argv.slice(2);
const input = {language: 'Solidity', sources: {'contracts.sol': {content: fs.readFileSync(source, 'utf8')}},
  settings: {optimizer: {enabled: true, runs: 200}, evmVersion: 'cancun', metadata: {appendCBOR: false, bytecodeHash: 'none'},
    outputSelection: {'*': {'*': ['abi', 'evm.bytecode.object']}}}};
const got = JSON.parse(solc.compile(JSON.stringify(input)));
for (const e of got.errors || []) { console.error(e.formattedMessage); if (e.severity === 'error') process.exit(1); }
const all = {};
for (const [name, c] of Object.entries(got.contracts['contracts.sol'])) all[name] = {abi: c.abi, bytecode: '0x' + c.evm.bytecode.object};
fs.writeFileSync(out, '{\n' + Object.keys(all).sort().map(n => JSON.stringify(n) + ': ' + JSON.stringify(all[n])).join(',\n') + '\n}\n');
