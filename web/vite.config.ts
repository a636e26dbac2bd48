import { defineConfig } from "vite";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the pages' policy allows no inline script or data
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
