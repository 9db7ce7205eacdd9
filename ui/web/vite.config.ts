/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The server that `npm run dev` talks to: the real one, or the mock of e2e.
const server = process.env.BONGSU_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  // React has had this hook itself since 18: without the stand-in for older ones the first load is smaller.
  resolve: { alias: [{ find: /^use-sync-external-store\/shim(\/index\.js)?$/, replacement: 'react' }] },
  build: {
    outDir: 'dist',
    // public/.keep is copied into dist, so the folder that Go embeds never disappears.
    emptyOutDir: true,
    manifest: 'manifest.json',
    // No data: URLs and no injected helper, so a strict content policy can hold.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: { host: '127.0.0.1', proxy: { '/api': server, '/healthz': server } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    // A busy machine draws slowly; what is slow by itself shows in the report.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
