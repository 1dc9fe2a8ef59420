// Runs a PDS and its PLC directory on loopback until standard input closes.
//
// The first line on standard input is a JSON object of settings (see `LocalPds` in local_pds.py),
// the first one on standard output says where the servers are: {"url", "plc"}. Further lines turn
// the clock: {"ahead": milliseconds}, and are answered with the time that it is then: {"now"}.

import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

// Longer than any answer takes; only a client that never reads its answer is cut off.
const PATIENCE_MS = 5_000

// Nobody reads anything but answers on standard output, and a full pipe would stop the servers.
console.log = console.info = console.debug = console.error

const input = createInterface({ input: process.stdin })
let stop = async () => {}
input.once('close', async () => {
  setTimeout(() => process.exit(1), PATIENCE_MS).unref()
  await stop()
  process.exit(0)
})
const settings = JSON.parse((await once(input, 'line'))[0])

// Tokens, documents and commits are dated by this clock; timers are not.
let ahead = settings.ahead
const realNow = Date.now
Date.now = () => realNow() + ahead
globalThis.Date = new Proxy(Date, {
  construct: (date, given, made) =>
    Reflect.construct(date, given.length ? given : [date.now()], made),
})
input.on('line', (line) => {
  ahead = JSON.parse(line).ahead
  process.stdout.write(JSON.stringify({ now: new Date() }) + '\n')
})

// Both servers would listen on every interface: `listen(port)` here means loopback.
// A port that was taken beforehand is handed over with its socket, so nobody else can take it.
const listen = net.Server.prototype.listen
const taken = new Map()
net.Server.prototype.listen = function (port) {
  return listen.call(this, taken.get(port) ?? { port, host: '127.0.0.1' })
}

async function takeFreePort() {
  const holder = net.createServer((socket) => socket.destroy()).listen(0)
  await once(holder, 'listening')
  const { port } = holder.address()
  taken.set(port, holder)
  return port
}

// The packages lie in a cache, not beside this file.
const packages = createRequire(path.join(settings.packages, 'package.json'))
const load = (name) => import(pathToFileURL(packages.resolve(name)).href)
const { Database, PlcServer } = await load('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = await load('@atproto/pds')

// The directory lives in memory: its operations are kept in a file and replayed at every start.
async function plcDatabase(file) {
  const database = Database.mock()
  const add = database.validateAndAddOp.bind(database)
  if (existsSync(file)) {
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const { did, operation } = JSON.parse(line)
      await add(did, operation)
    }
  }
  database.validateAndAddOp = async (did, operation) => {
    await add(did, operation)
    appendFileSync(file, JSON.stringify({ did, operation }) + '\n')
  }
  return database
}

mkdirSync(settings.data, { recursive: true })
const plc =
  !settings.plc &&
  PlcServer.create({
    db: await plcDatabase(path.join(settings.data, 'plc.jsonl')),
    port: settings.plcPort,
  })
const plcUrl = settings.plc ?? `http://localhost:${(await plc.start()).address().port}`

const port = settings.port || (await takeFreePort())
// A host name, because the PDS does not resolve DIDs through a URL with an IP address.
const url = `http://localhost:${port}`
const environment = {
  port,
  hostname: 'localhost',
  devMode: true,
  dataDirectory: settings.data,
  blobstoreDiskLocation: path.join(settings.data, 'blobs'),
  blobUploadLimit: settings.blobLimit,
  didPlcUrl: plcUrl,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  // As on Bluesky's hosts: clients then move to the address in the DID document.
  enableDidDocWithSession: true,
  rateLimitsEnabled: settings.rateLimits,
  rateLimitBypassKey: settings.bypassKey,
  jwtSecret: settings.jwtSecret,
  adminPassword: settings.adminPassword,
  plcRotationKeyK256PrivateKeyHex: settings.rotationKey,
}
const config = envToCfg(environment)
config.service.publicUrl = settings.publicUrl ?? url
// Who signs in through a proxy is at its address, as the answers of OAuth must say.
config.oauth.issuer = config.service.publicUrl
const pds = await PDS.create(config, envToSecrets(environment))
// There is no mail here: an address counts as confirmed as soon as its owner asks for the code.
const { accountManager, mailer } = pds.ctx
mailer.sendConfirmEmail = async ({ token }, { to }) => {
  const { did } = await accountManager.getAccountByEmail(to)
  await accountManager.confirmEmail(did, to, token)
}
await pds.start()
// Node dates answers by a clock of its own, and clients count from there to the end of a limit.
pds.server.prependListener('request', (_, answer) => {
  answer.setHeader('Date', new Date().toUTCString())
})
stop = async () => {
  await pds.destroy()
  if (plc) await plc.destroy()
}
process.stdout.write(JSON.stringify({ url, plc: plcUrl }) + '\n')
