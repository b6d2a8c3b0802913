// The same load as ours on Colyseus: answers pings, tells everybody a line, shows everybody of a room where the others are.
// Usage: node server.js PORT SEATS   (SEATS: how many share a room; 0 for any number)
import { Room, Server } from "@colyseus/core";
import { MapSchema, Schema, defineTypes } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";

const [port, seats] = process.argv.slice(2).map(Number);

class Walker extends Schema {}
defineTypes(Walker, { x: "float32", y: "float32" });

class World extends Schema {
  constructor() {
    super();
    this.walkers = new MapSchema();
  }
}
defineTypes(World, { walkers: { map: Walker } });

let lines = 0;

class Bench extends Room {
  onCreate() {
    this.maxClients = seats > 0 ? seats : Infinity;
    this.patchRate = 50;
    this.seatReservationTimeout = 60;
    this.state = new World();
    this.onMessage("ping", (client) => client.send("pong", { server_time: Date.now() / 1000 }));
    this.onMessage("chat", (client, content) => {
      lines += 1;
      const said = { sender_id: 1, sender_name: "Bot Mira Sol", channel: "global", content, chat_id: lines };
      this.broadcast("chat", said);
    });
    this.onMessage("move", (client, to) => {
      const walker = this.state.walkers.get(client.sessionId);
      if (walker && Number.isFinite(to.x) && Number.isFinite(to.y)) {
        walker.x = to.x;
        walker.y = to.y;
      }
    });
  }

  onJoin(client) {
    // Only rooms of limited size have a world: in the others everybody's coming would be told to everybody.
    if (seats > 0) {
      const walker = new Walker();
      walker.x = 0;
      walker.y = 0;
      this.state.walkers.set(client.sessionId, walker);
    }
  }

  onLeave(client) {
    this.state.walkers.delete(client.sessionId);
  }
}

const transport = new WebSocketTransport({ pingInterval: 15000 });
const server = new Server({ transport, greet: false });
server.define("bench", Bench);
await server.listen(port, "127.0.0.1");
console.log(`listening on http://127.0.0.1:${transport.server.address().port}`);
