import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const OUT = '../src/tenuto/server/web';

/** Files under so many bytes gain nothing. */
const BYTES_MIN = 1_000;

/** Puts beside each built file the same bytes compressed: the server sends them as they are. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const bytes = readFileSync(file);
        if (bytes.length < BYTES_MIN) continue;
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
      }
    },
  };
}

const OF_THE_GRAPH = /node_modules\/(@xyflow|d3-|zustand|classcat|yaml\/)/;

function isShared(id: string): boolean {
  if (id.includes('node_modules')) return !OF_THE_GRAPH.test(id);
  return /\/src\/(app|parts|wire)\//.test(id) || /\/src\/model\/(words|forms)/.test(id);
}

const api = process.env.TENUTO_ADDRESS ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    // A data address in a style would need a looser policy than the server has.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What screens share is one file: each file of its own is one more request.
          groups: [{ name: 'base', test: isShared }],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: api, changeOrigin: false }, '/docs': api } },
  // They test functions of their arguments: one process does for all files.
  test: { include: ['src/**/*.test.ts'], environment: 'node', pool: 'threads', isolate: false },
});
