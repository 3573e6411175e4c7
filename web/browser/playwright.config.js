import { defineConfig } from '@playwright/test';
import { launchOptions } from './chromium.js';

// Machines that run this may be slow and shared: nothing is retried, and time
// limits are only there to end what hangs.
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.js',
  globalSetup: './build.js',
  outputDir: 'test-results',
  workers: Number(process.env.BROWSER_WORKERS ?? 2),
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  retries: 0,
  timeout: 600_000,
  expect: { timeout: 60_000 },
  reporter: [['list']],
  use: {
    launchOptions,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    actionTimeout: 60_000,
    navigationTimeout: 60_000,
    trace: 'off',
    screenshot: 'only-on-failure',
  },
});
