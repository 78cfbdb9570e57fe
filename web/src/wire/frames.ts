// Server-sent events of a response, as they are written: https://html.spec.whatwg.org/#server-sent-events

export interface Frame {
  event: string;
  id: string;
  data: string;
}

/** Takes text as it comes, in pieces of any length, and gives the frames that are whole. */
export class FrameReader {
  private rest = '';
  private lastId = '';
  private event = '';
  private data: string[] = [];

  take(text: string): Frame[] {
    const frames: Frame[] = [];
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const frame = this.line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (frame !== null) frames.push(frame);
    }
    return frames;
  }

  private line(line: string): Frame | null {
    if (line === '') {
      const { event, data } = this;
      this.event = '';
      this.data = [];
      if (data.length === 0) return null;
      return { event: event || 'message', id: this.lastId, data: data.join('\n') };
    }
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.event = value;
    else if (name === 'id') this.lastId = value;
    else if (name === 'data') this.data.push(value);
    return null;
  }
}
