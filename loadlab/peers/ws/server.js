// The same load as ours on the ws package, as one writes it by hand: answers pings, tells everybody a line.
// Usage: node server.js PORT
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), maxPayload: 16384 });
let lines = 0;

server.on("listening", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    if (message.type === "ping") {
      const now = Date.now() / 1000;
      socket.send(JSON.stringify({ type: "pong", timestamp: now, server_time: now }));
    } else if (message.type === "chat") {
      lines += 1;
      const said = {
        type: "chat", timestamp: Date.now() / 1000, sender_id: 1, sender_name: "Bot Mira Sol",
        channel: "global", content: message.content, chat_id: lines,
      };
      const encoded = Buffer.from(JSON.stringify(said));
      for (const member of server.clients) {
        if (member.readyState === 1) {
          member.send(encoded, { binary: false });
        }
      }
    }
  });
});
