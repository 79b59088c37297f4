// Lies beside the copied specs in the work folder (test_javascript.py copies it there).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    setupFiles: ["only_our_hub.mjs"],
    include: ["src/**/*.spec.ts", "calls.spec.mjs"],
    pool: "forks",
    poolOptions: { forks: { maxForks: 2, minForks: 1 } },
    reporters: ["json"],
    outputFile: "report.json",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
