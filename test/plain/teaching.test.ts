// The programs of the teaching documents against ours, each in both directions where it has two. What
// needs the console (the chat, commands, the message that ends the server) is not here.

import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { PlainCollector } from "./support/clients.ts";
import { hasPython, PythonProgram } from "./support/python.ts";
import { freePort, hasDocuments, piecesBetween, pieceWith, prepared } from "./support/teaching.ts";

const folder = temporaryFolder();
let files = 0;
const newDb = () => join(folder, `${++files}.db`);

const started: PythonProgram[] = [];

function run(program: string, port: number, given: Record<string, Uint8Array> = {}): PythonProgram {
  const running = new PythonProgram(prepared(program, port), given);
  started.push(running);
  return running;
}

/** A server of theirs, at a port of its own, once it listens. */
async function serve(
  program: string,
): Promise<{ server: PythonProgram; to: string; port: number }> {
  const port = await freePort();
  const server = run(program, port);
  await server.printed("LISTENING");
  return { server, port, to: `127.0.0.1:${port}` };
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((program) => program.stop()));
});

const send = (...args: readonly string[]) => runSenda("plain", "send", ...args);
const valuesOf = (rows: readonly Record<string, unknown>[]) => rows.map(({ values }) => values);

describeWith("python3", hasPython, "with Python", () => {
  describeWith(
    "the folder of the teaching documents",
    hasDocuments,
    "the teaching programs",
    () => {
      describe("echo", () => {
        test.each([
          ["echo", "TyR: Echo sobre UDP", "--> TyR: Echo sobre UDP"],
          ["echo", "Hola Mundo!", "Recibido:  Hola Mundo!"],
          ["sensors", "cliente_echo.py", "Recibido  b'Hola, mundo'"],
          ["notebook", "Hola mundo", "Recibido b'Hola mundo'"],
        ] as const)("their client of %s: %s", async (document, words, printed) => {
          const address = "127.0.0.1:0";
          const echo = new RunningSenda("echo", "--json", "--tcp", address, "--udp", address);
          const { tcp, udp } = await echo.event("listening");
          const port = Number(portOf(words.includes("UDP") ? udp : tcp));
          const client = run(pieceWith(document, words), port);
          expect(await client.ended, client.stderr).toBe(0);
          expect(client.stdout).toContain(printed);
          await echo.stop();
        });

        test("their TCP servers", async () => {
          const programs = [
            pieceWith("echo", "maxpedidos"),
            pieceWith("sensors", "servidor_echo.py"),
            pieceWith("notebook", "broadcast..."),
          ];
          for (const program of programs) {
            const { to } = await serve(program);
            expect(await send("--to", to, "--framing", "raw", "Hola, señor")).toEqual({
              status: 0,
              stdout: "Hola, señor\n",
              stderr: "",
            });
          }
        });

        test("their UDP servers, and a datagram larger than their buffer", async () => {
          const port = await freePort();
          const server = run(pieceWith("echo", "Esperando clientes"), port);
          await server.printed("Esperando clientes");
          const to = ["--udp", "--to", `localhost:${port}`];
          expect(await send(...to, "Hola")).toMatchObject({ status: 0, stdout: "Hola\n" });
          // Their buffer has 1,024 bytes: the rest of the datagram is gone, and nobody is told.
          const cut = await send(...to, "x".repeat(2_000));
          expect(cut.stdout).toBe(`${"x".repeat(1_024)}\n`);
          // Ours hands over all of it.
          const collector = await PlainCollector.start(newDb(), "udp://127.0.0.1:0,answer=echo");
          const whole = await send("--udp", "--to", `:${collector.ports[0]}`, "x".repeat(2_000));
          expect(whole.stdout).toBe(`${"x".repeat(2_000)}\n`);
          await collector.stop();
        });

        test("their datagram to nobody's echo, and their server that only prints", async () => {
          const port = await freePort();
          const server = run(
            pieceWith("sensors", "udp_socket.recv(512)")
              .replace("5005", String(port))
              .replace(/^data =/m, "print('READY')\ndata ="),
            port,
          );
          await server.printed("READY");
          await send("--udp", "--to", `127.0.0.1:${port}`, "--wait", "0", "Hola, mundo!");
          expect(await server.ended).toBe(0);
          expect(server.stdout).toContain("b'Hola, mundo!'");
          const collector = await PlainCollector.start(newDb(), "udp://127.0.0.1:0,name=hola");
          const client = pieceWith("sensors", "udp_socket.sendto").replace(
            "5005",
            `${collector.ports[0]}`,
          );
          expect(await run(client, 0).ended).toBe(0);
          await collector.senda.event("listening");
          await send("--udp", "--to", `:${collector.ports[0]}`, "--wait", "0", "behind it");
          await collector.stop();
          expect(valuesOf(await collector.rows("hola"))[0]).toEqual({ text: "Hola, mundo!" });
        });
      });

      describe("messages behind a 4-byte length", () => {
        test("several of their clients at once", async () => {
          const collector = await PlainCollector.start(
            newDb(),
            "127.0.0.1:0,framing=length4,answer=echo,name=messages",
          );
          const program = pieceWith("messages", "class Client:");
          const clients = Array.from({ length: 4 }, () => run(program, collector.ports[0]!));
          for (const [index, client] of clients.entries()) {
            await client.printed("Consola");
            client.type(`mensaje ñ de ${index}\n`);
          }
          await Promise.all(
            clients.map((client, index) => client.printed(`mensaje ñ de ${index}\n>>> `)),
          );
          await Promise.all(clients.map((client) => client.stop()));
          expect((await collector.stop())[0]).toMatchObject({ frames: 4, refused: 0 });
        });

        test("their server, several of our clients at once", async () => {
          const { to } = await serve(pieceWith("messages", "class Server:"));
          const answers = await Promise.all(
            ["uno", "dos", "tres"].map((text) => send("--to", to, "--framing", "length4", text)),
          );
          expect(answers.map(({ stdout }) => stdout)).toEqual([
            "Acción asociada a uno\n",
            "Acción asociada a dos\n",
            "Acción asociada a tres\n",
          ]);
        });

        test("their JSON actions, from their code and to their code", async () => {
          const collector = await PlainCollector.start(
            newDb(),
            "127.0.0.1:0,framing=length4,decode=json,answer=json,name=juego",
          );
          const sending = piecesBetween(
            "slides",
            "def enviar_accion",
            "self.socket_cliente.sendall(",
          );
          const client = run(
            `import json, socket
${sending}
class C: pass
c = C()
c.socket_cliente = socket.create_connection(("127.0.0.1", ${collector.ports[0]}))
for accion in [{'tipo': '\\\\juego_nuevo'}, {'tipo': '\\\\jugada', 'data': 3}]:
    enviar_accion(c, accion)
    print(c.socket_cliente.recv(4096)[4:].decode())`,
            0,
          );
          expect(await client.ended, client.stderr).toBe(0);
          expect(client.stdout).toContain('"stored":true');
          await collector.stop();
          expect(valuesOf(await collector.rows("juego"))).toEqual([
            { tipo: "\\juego_nuevo" },
            { tipo: "\\jugada", data: 3 },
          ]);
          const { server, to } = await serve(
            `import json, socket
${pieceWith("slides", "def recibir_accion")}
class C: pass
c = C()
s = socket.socket()
s.bind(("127.0.0.1", PORT))
s.listen()
c.socket_cliente, _ = s.accept()
print(recibir_accion(c))`.replace(/^/, "PORT = 0\n"),
          );
          const action = '{"tipo":"\\\\jugada","data":3}';
          await send("--to", to, "--framing", "length4", "--wait", "0", "--json", action);
          expect(await server.ended, server.stderr).toBe(0);
          expect(server.stdout).toContain("{'tipo': '\\\\jugada', 'data': 3}");
        });

        test("their file transfer, with thanks, both ways", async () => {
          const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 31) & 0xff));
          const kept = join(folder, "recibidos");
          const collector = await PlainCollector.start(
            newDb(),
            `127.0.0.1:0,framing=length4,decode=file:${kept},frame=1000000,answer=raw:Gracias,name=archivos`,
          );
          const client = run(
            `import socket\nhost_recep, puerto_recep = "127.0.0.1", ${collector.ports[0]}\n${pieceWith("slides", "enviar.bin")}`,
            0,
            { "enviar.bin": bytes },
          );
          expect(await client.ended, client.stderr).toBe(0);
          expect(client.stdout).toContain("Respuesta: Gracias");
          await collector.stop();
          expect(valuesOf(await collector.rows("archivos"))).toMatchObject([{ bytes: 100_000 }]);

          const { to, server } = await serve(
            `import socket\nhost = ''\nport = 0\npuerto = port\n${pieceWith("slides", "recibido.bin")}`,
          );
          const file = join(client.folder, "enviar.bin");
          const named = ["--to", to, "--framing", "length4", "--answer-framing", "raw"];
          expect(await send(...named, "--file", file)).toMatchObject({ stdout: "Gracias\n" });
          expect(await server.ended, server.stderr).toBe(0);
        });
      });

      describe("single bytes", () => {
        test("their client that sends 1 to 10, read byte by byte", async () => {
          const collector = await PlainCollector.start(
            newDb(),
            "127.0.0.1:0,framing=raw:1,name=bytes,answer=none",
          );
          const client = run(pieceWith("notebook", "for i in range(1, 11)"), collector.ports[0]!);
          expect(await client.ended, client.stderr).toBe(0);
          await send("--to", `:${collector.ports[0]}`, "--framing", "raw", "--wait", "0", "!");
          await collector.stop();
          const digits = valuesOf(await collector.rows("bytes")) as { value?: number }[];
          expect(digits.map(({ value }) => value ?? "").join("")).toBe("12345678910");
        });

        test("their server that reads single bytes", async () => {
          const { server, to } = await serve(pieceWith("notebook", "conn.recv(1)"));
          await send("--to", to, "--framing", "raw", "--wait", "0", "Hola");
          expect(await server.ended, server.stderr).toBe(0);
          expect(server.stdout).toContain("H\no\nl\na\n");
        });
      });

      describe("the header of 10 characters", () => {
        const client = () => pieceWith("notebook", "Nabucodonosor");

        test("their client with its empty text", async () => {
          const collector = await PlainCollector.start(
            newDb(),
            "127.0.0.1:0,framing=header10,decode=text:{nombre:text},name=nombres",
          );
          const program = run(client(), collector.ports[0]!);
          expect(await program.ended, program.stderr).toBe(0);
          await send(
            "--to",
            `:${collector.ports[0]}`,
            "--framing",
            "header10",
            "--wait",
            "0",
            "fin",
          );
          expect((await collector.stop())[0]).toMatchObject({ refused: 0 });
          const rows = valuesOf(await collector.rows("nombres")) as { nombre: string }[];
          expect(rows.map(({ nombre }) => nombre).filter((nombre) => nombre !== "fin")).toEqual([
            ...["Maria", "Rodrigo", "", "Juan", "Nabucodonosor", "Sandro"],
          ]);
        });

        test("with a name beyond ASCII it counts characters: found out, and read as it means", async () => {
          const collector = await PlainCollector.start(
            newDb(),
            "127.0.0.1:0,framing=header10,decode=text:{nombre:text},name=por-bytes",
            "127.0.0.1:0,framing=header10chars,decode=text:{nombre:text},name=por-letras,answer=echo",
          );
          const program = client().replace("'Maria'", "'María Ñandú'");
          const byBytes = run(program, collector.ports[0]!);
          const { text } = await collector.senda.event("plain", "header10chars");
          expect(text).toContain("counts characters instead of bytes");
          await byBytes.ended;
          const byCharacters = run(program, collector.ports[1]!);
          expect(await byCharacters.ended, byCharacters.stderr).toBe(0);
          await collector.stop();
          const rows = valuesOf(await collector.rows("por-letras")) as { nombre: string }[];
          expect(rows.map(({ nombre }) => nombre)).toEqual([
            ...["María Ñandú", "Rodrigo", "", "Juan", "Nabucodonosor", "Sandro"],
          ]);
        });

        test("their server reads what we send, empty texts and accents included", async () => {
          for (const text of ["Nabucodonosor", "María Ñandú"]) {
            const program = pieceWith("notebook", "strData = data.decode", "recv(HEADER)");
            const { server, to } = await serve(program);
            await send("--to", to, "--framing", "header10", "--wait", "0", text);
            expect(await server.ended, server.stderr).toBe(0);
            expect(server.stdout).toContain(text);
          }
        });
      });

      describe("pickle", () => {
        const PICKLE = "127.0.0.1:0,framing=header10,decode=pickle,name=pickle,answer=echo";

        test("their client", async () => {
          const collector = await PlainCollector.start(newDb(), PICKLE);
          const client = run(pieceWith("notebook", "pickle.dumps"), collector.ports[0]!);
          expect(await client.ended, client.stderr).toBe(0);
          await send("--to", `:${collector.ports[0]}`, "--framing", "header10", "--pickle", "1");
          await collector.stop();
          expect(valuesOf(await collector.rows("pickle"))).toContainEqual({
            "0.nombre": "Elvio",
            "0.apellido": "Lado",
            "1.0": "ene",
            "1.1": "feb",
            "1.2": "mar",
            "2.real": 1,
            "2.imag": 3,
          });
        });

        test("their server, but for a stray plus sign in it", async () => {
          const program = pieceWith("notebook", "pickle.loads").replace(/^ +\+\n/m, "");
          const { server, to } = await serve(program);
          const value = '{"nombre":"Elvio","meses":["ene","feb"],"t":21.5}';
          await send("--to", to, "--framing", "header10", "--wait", "0", "--pickle", value);
          expect(await server.ended, server.stderr).toBe(0);
          expect(server.stdout).toContain(
            "{'nombre': 'Elvio', 'meses': ['ene', 'feb'], 't': 21.5}",
          );
        });
      });

      test("their struct, by TCP and by UDP, from a periodic client of random readings", async () => {
        const collector = await PlainCollector.start(
          newDb(),
          "tcp://127.0.0.1:0,framing=raw:12,decode=struct:>iii,channels=t,h,n,answer=echo,name=tcp",
          "udp://127.0.0.1:0,decode=struct:>iii,channels=t,h,n,answer=echo,name=udp",
        );
        const statement = pieceWith("sensors", 'struct.pack(">iii"').trim();
        const packing = statement.replace(
          "1, 2, 3",
          "random.randint(15, 30), random.randint(0, 99), n",
        );
        const [tcp, udp] = collector.ports;
        const client = run(
          `import random, socket, struct, time
t = socket.create_connection(("127.0.0.1", ${tcp}))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.connect(("127.0.0.1", ${udp}))
for n in range(10):
    for s in (t, u):
        data = ${packing}
        s.send(data)
        assert s.recv(12) == data
    time.sleep(1)`,
          0,
        );
        expect(await client.ended, client.stderr).toBe(0);
        const { stdout } = await send(
          ...[
            "--udp",
            "--to",
            `localhost:${udp}`,
            "--struct",
            ">iii",
            "--repeat",
            "5",
            "--every",
            "1",
          ],
          ...["{random:15:30}", "{random:0:99}", "{n}"],
        );
        expect(stdout.trim().split("\n")).toHaveLength(5);
        await collector.stop();
        for (const [name, count] of [
          ["tcp", 10],
          ["udp", 15],
        ] as const) {
          const rows = valuesOf(await collector.rows(name)) as { t: number; n: number }[];
          expect(rows).toHaveLength(count);
          expect(rows.slice(0, 10).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
          expect(rows.every(({ t }) => t >= 15 && t <= 30)).toBe(true);
        }
      });

      test("the stranger whose address is not known is ignored", async () => {
        const collector = await PlainCollector.start(
          newDb(),
          "udp://127.0.0.1:0,allow=127.0.0.2,answer=echo",
        );
        const program = pieceWith("echo", "TyR: Echo sobre UDP");
        const from = (address: string) =>
          run(
            program.replace("s.sendto(", `s.settimeout(0.5); s.bind(("${address}", 0)); s.sendto(`),
            collector.ports[0]!,
          );
        const stranger = from("127.0.0.3");
        expect(await stranger.ended).toBe(1);
        expect(stranger.stderr).toContain("timed out");
        const friend = from("127.0.0.2");
        await friend.printed("TyR: Echo sobre UDP");
        expect((await collector.stop())[0]).toMatchObject({ strangers: 1, frames: 1 });
      });
    },
  );
});
