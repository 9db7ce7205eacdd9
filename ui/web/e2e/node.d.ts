// The few parts of Node that the mock and the specs use; the console itself runs in a browser.

declare module 'node:http' {
  export interface IncomingMessage extends AsyncIterable<Uint8Array> {
    url?: string
    method?: string
    headers: Record<string, string | undefined>
    on(event: 'close', f: () => void): void
  }
  export interface ServerResponse {
    writeHead(status: number, headers?: Record<string, string>): this
    write(chunk: string): boolean
    end(chunk?: string | Uint8Array): void
    on(event: 'close', f: () => void): void
  }
  export interface Server {
    listen(port: number, host: string, done: () => void): void
    close(done?: () => void): void
    closeAllConnections(): void
    address(): { port: number }
  }
  export function createServer(f: (req: IncomingMessage, res: ServerResponse) => void): Server
}

declare module 'node:fs/promises' {
  export function readFile(path: string | URL): Promise<Uint8Array>
}
