import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  const { PARTITA_SERVER: server = "http://127.0.0.1:4001" } = loadEnv(mode, ".", "PARTITA_");
  // The server refuses changes that come from another origin, so that requests are given its own.
  const proxy = { "/api": { target: server, changeOrigin: true, headers: { origin: server } } };
  return {
    plugins: [react(), tailwindcss()],
    build: {
      target: ["chrome123", "firefox128", "safari17.5"],
      // Small files would become data: URLs, which the policy below forbids.
      assetsInlineLimit: 0,
    },
    server: { proxy },
    preview: { proxy, headers: { "Content-Security-Policy": "default-src 'self'" } },
  };
});
