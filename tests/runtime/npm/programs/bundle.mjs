// usage: bundle.mjs TOOL EXTERNAL ENTRY OUTPUT; puts a program and all it imports into one file, as its tool does.
// With EXTERNAL `yes` the package is left out of that, by what its message names.

import { basename, dirname } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';

const [tool, external, entry, output] = process.argv.slice(2);
const left = external === 'yes';

async function esbuild(format) {
  const options = { bundle: true, platform: 'node', logLevel: 'error', external: left ? ['acme-ca'] : [] };
  await build({ ...options, format, entryPoints: [entry], outfile: output });
}

async function withRollup(format) {
  const names = left ? ['acme-ca/register'] : [];
  const plugins = [resolve(), commonjs(), json()];
  const made = await rollup({ input: entry, plugins, external: [/^node:/, ...names] });
  await made.write({ file: output, format });
}

function withWebpack() {
  const externals = left ? { 'acme-ca/register': 'commonjs acme-ca/register' } : {};
  const place = { path: dirname(output), filename: basename(output) };
  const options = { mode: 'production', target: 'node', entry, output: place, externals };
  return new Promise((done, failed) =>
    webpack(options, (error, stats) =>
      error || stats.hasErrors() ? failed(error ?? new Error(stats.toString())) : done(),
    ),
  );
}

const TOOLS = {
  'esbuild cjs': () => esbuild('cjs'),
  'esbuild esm': () => esbuild('esm'),
  'rollup cjs': () => withRollup('cjs'),
  'rollup es': () => withRollup('es'),
  webpack: withWebpack,
};

await TOOLS[tool]();
