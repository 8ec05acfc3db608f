// Read lines of name, CA file and port; print name and whether a TLS handshake is accepted.
import { readFileSync } from "node:fs";
import tls from "node:tls";

const handshake = (ca, port) =>
  new Promise((resolve) => {
    try {
      const socket = tls.connect({ host: "localhost", family: 4, port, servername: "localhost", ca }, () => {
        socket.destroy();
        resolve(["ok", ""]);
      });
      socket.on("error", (error) => resolve(["fails", error.message]));
      // Node 24 ends some handshakes without an error.
      socket.on("close", () => resolve(["fails", "the connection was closed"]));
    } catch (error) {
      resolve(["fails", error.message]);
    }
  });

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [name, authority, port] = line.split("\t");
  const [verdict, why] = await handshake(readFileSync(authority), Number(port));
  console.log([name, verdict, why.split("\n")[0]].join("\t"));
}
