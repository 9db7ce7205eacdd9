/// <reference types="vite/client" />

// Only what the build files read of Node; the console itself runs in a browser.
declare const process: { env: Record<string, string | undefined> }
