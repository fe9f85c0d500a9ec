/**
 * Every limit on what comes from outside, with its unit and the reason for its size.
 *
 * @module
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const seconds = 1000;
const minutes = 60 * seconds;
const hours = 3600 * seconds;
const days = 24 * hours;

/** Limits of everything that is signed. DESIGN 5. */
export const formatLimits = {
  /** Bytes of a manifest: 16 artifacts of 16 GiB in the smallest sensible chunks fit. */
  manifestBytes: 1 * MiB,
  /** Levels of nested objects and arrays, counted before anything is parsed. */
  jsonDepth: 16,
  /** Artifacts in one manifest. */
  artifacts: 16,
  /** Signatures on one document. */
  signatures: 64,
  /** Bytes of one artifact. */
  artifactBytes: 16 * GiB,
  /** Least and largest bytes of a chunk; a power of two between. */
  chunkBytesMin: 256 * KiB,
  chunkBytesMax: 16 * MiB,
  /** Bytes of a chunk when we publish, as long as the manifest stays small. */
  chunkBytesDefault: 4 * MiB,
  /** Characters of a kernel command line in a manifest. */
  cmdlineChars: 1024,
  /** Milliseconds between `created_at` and `expires_at`. */
  lifetimeMs: 90 * days,
  /** The same, when the publisher doesn't say. */
  lifetimeDefaultMs: 30 * days,
  /** Seconds by which `sequence` may exceed `created_at`. */
  sequenceAheadSeconds: 86_400,
  /** Milliseconds by which `created_at` may lie ahead of our clock. */
  createdAheadMs: 24 * hours,
  /** Key lists in one manifest, and bytes of all of them: years of rotations. */
  keyLists: 32,
  keyListsBytes: 64 * KiB,
  /** Root keys, and publish keys, in one key list: a team's. */
  roleKeys: 16,
  /** Milliseconds between `created_at` and `expires_at` of a key list: for so long, at most, a
   * machine that has seen no later one can be held to keys that were revoked. */
  listLifetimeMs: 366 * days,
  /** The same, when the publisher doesn't say: half a year between two uses of the root keys. */
  listLifetimeDefaultMs: 183 * days,
} as const;

/** Limits of files that people write for us. */
export const fileLimits = {
  /** Bytes of a trust policy: some thousand keys. */
  policyBytes: 256 * KiB,
  /** Publishers in a policy, and keys of one. */
  publishers: 64,
  publisherKeys: 64,
  /** Bytes of a configuration file. */
  configBytes: 1 * MiB,
  /** Bytes of the hash cache; a larger one is thrown away and made again. */
  hashCacheBytes: 4 * MiB,
  /** Entries read in an artifacts directory, and in the tree of channels. */
  directoryEntries: 4096,
  /** Channels times arches that one provider serves. */
  targets: 64,
} as const;

/** Limits of hashing. */
export const hashLimits = {
  /** Bytes of one read: the size at which SHA-256, not the system call, is what takes time. */
  readBytes: 256 * KiB,
  /** Bytes after which a Worker says how far it is, and can be ended. */
  stretchBytes: 4 * MiB,
  /** Bytes of a file that is hashed at once, without a Worker: 2 ms, where starting one takes 40. */
  inlineBytes: 1 * MiB,
  /** Bytes in all that are hashed without Workers before anything is served: 60 ms, where a slow
   * machine takes seconds to start Workers. */
  startBytes: 64 * MiB,
  /** Workers, where the machine has as many cores: beyond that a disk is the limit. */
  workers: 4,
  /** Milliseconds for which a file must have been left alone before its hash is kept on disk: a
   * later change within the clock of the file system would go unseen. */
  settledMs: 2 * seconds,
} as const;

/** Limits of watching the artifacts directory. DESIGN 6. */
export const watchLimits = {
  /** Milliseconds for which files must be left alone before they count: a copy writes more often,
   * and no file system's clock is coarser. */
  settleMs: 2 * seconds,
  /** Milliseconds between a change and a look: a copy makes thousands of changes. */
  debounceMs: 100,
  /** Milliseconds after which the directory is looked at although nothing was reported. */
  rescanMs: 10 * seconds,
  /** Milliseconds at most between two tries of what can't be served; doubled up to here. */
  retryMs: 600 * seconds,
  /** Milliseconds that a reload waits for files that are being written. */
  reloadMs: 30 * seconds,
  /** Directories watched at most: 64 channels and arches in a tree; the others wait for a look. */
  directories: 256,
} as const;

/** Limits of the HTTP server. DESIGN 7 and 14. */
export const serverLimits = {
  /** Milliseconds within which the request line and headers must be complete. */
  headersMs: 15 * seconds,
  /** Milliseconds within which a whole request must have arrived. */
  requestMs: 30 * seconds,
  /** Milliseconds between two checks of the two above. */
  timeoutCheckMs: 2 * seconds,
  /** Milliseconds that an idle keep-alive connection is kept. */
  keepAliveMs: 30 * seconds,
  /** Milliseconds without progress after which a reader that stalls is cut. */
  stalledMs: 60 * seconds,
  /** Bytes of all headers of a request. */
  headerBytes: 16 * KiB,
  /** Header lines of a request. */
  headerCount: 100,
  /** Characters of a request target. */
  targetChars: 2048,
  /** Connections in all; each may hold one read buffer. */
  connections: 4096,
  /** Connections of one address (an IPv6 /64 is one): a NAT's worth of machines that boot. */
  connectionsPerAddress: 256,
  /** Connections above these limits that are told so at one time; others are cut at once. */
  refused: 64,
  /** Requests that a connection may send ahead of their answers. */
  pipelined: 32,
  /** Bytes of one read buffer; 512 KiB is where copying got fastest. */
  bufferBytes: 512 * KiB,
  /** Transfers that get one; the others make do with small ones, so that memory is bounded. */
  largeBuffers: 64,
  smallBufferBytes: 64 * KiB,
  /** Buffers of each kind kept for the next transfer. */
  buffersKept: 16,
  /** Milliseconds in which a refused client may read why, before it is cut. */
  lingerMs: 1 * seconds,
  /** Milliseconds in which running answers may finish after SIGTERM. */
  drainMs: 10 * seconds,
  /** Milliseconds beyond the drain after which a daemon that doesn't end is ended. */
  stopGraceMs: 5 * seconds,
  /** Milliseconds for which an answer of /health is kept. */
  healthMs: 1 * seconds,
  /** Bytes that must be free where state is kept. */
  freeBytes: 16 * MiB,
  /** Bytes of a request body that is read and dropped. */
  bodyBytes: 64 * KiB,
  /** Milliseconds without a byte after which a body that is wanted is given up. */
  bodyStalledMs: 15 * seconds,
  /** Bytes a second that such a body must come at, on the whole. */
  bodyBytesPerSecond: 16 * KiB,
  /** Bytes of artifacts a second that are sent in all, and to one address; 0 is no cap. */
  bytesPerSecond: 0,
  bytesPerSecondPerAddress: 0,
  /** Milliseconds of a capped transfer that are sent in one go: less is no smoother, only dearer. */
  paceMs: 25,
  /** Milliseconds within which /health and /status answer, whatever a disk does. */
  reportMs: 2 * seconds,
  /** Entries of each private list of /status. */
  privateEntries: 256,
  /** Problems that are remembered for /status; the same one again counts as one. */
  problems: 32,
  /** Bytes of the file with the token for private views. */
  tokenFileBytes: 1 * KiB,
} as const;

/** Limits of the client that fetches from providers nobody has to trust. DESIGN 9. */
export const transferLimits = {
  /** Milliseconds until a provider's first byte. */
  connectMs: 5 * seconds,
  /** Milliseconds in all before unreachable providers are given up. DESIGN 14. */
  unreachableMs: 20 * seconds,
  /** Milliseconds for a manifest as a whole. */
  manifestMs: 15 * seconds,
  /** Least bytes a second, measured over the window below. */
  slowBytesPerSecond: 64 * KiB,
  slowWindowMs: 5 * seconds,
  /** Milliseconds of silence after which another provider is asked for the same chunk. */
  hedgeMs: 1 * seconds,
  /** Seconds of a Retry-After that we are willing to wait. */
  retryAfterSeconds: 60,
  /** Tries of one chunk at one provider before the provider is dropped. */
  tries: 4,
  /** Providers of one fetch. */
  providers: 32,
  /** Providers read at the same time: so many slow links add up. Each holds two buffers of a chunk. */
  inFlight: 3,
  /** Milliseconds between two looks at who is silent or slow. */
  tickMs: 100,
  /** Milliseconds after which a download that isn't nearly done gets more providers. */
  joinMs: 500,
  /** Milliseconds that must be left for one that has delivered already: else it would stand by while
   * a single one brings the end. */
  rejoinMs: 200,
  /** Milliseconds for the other providers' manifests once one is accepted. */
  settleMs: 1 * seconds,
  /** Milliseconds before the first repeat at a provider; doubled each time. */
  backoffMs: 250,
  /** Bytes of a response's status line and headers. */
  headBytes: 16 * KiB,
  /** Bytes of one read from a socket. */
  readBytes: 512 * KiB,
  /** Bytes written to a disk after which they are flushed, so that a power cut keeps them. */
  flushBytes: 8 * MiB,
  /** Bytes above which the whole hash is made in a Worker, while the rest arrives. */
  followBytes: 16 * MiB,
  /** Bytes left free on a disk beside what is fetched. */
  freeBytes: 16 * MiB,
} as const;

/** Limits of the boot client. DESIGN 9. */
export const bootLimits = {
  /** Bytes of the running kernel's command line that are read; no kernel of ours takes more. */
  cmdlineBytes: 4 * KiB,
  /** Characters of the next kernel's: COMMAND_LINE_SIZE of x86_64 and arm64, less the final NUL. */
  nextCmdlineChars: 2047,
  /** Keys, bootstrap addresses and characters of one value that a command line may name. */
  cmdlineKeys: 64,
  cmdlineBootstraps: 16,
  cmdlineValueChars: 512,
  /** Milliseconds in which a boot looks for providers: a network may be just coming up. */
  discoverMs: 60 * seconds,
  /** Bytes of the image's own small files: providers, build time, origins of a handover. */
  imageFileBytes: 64 * KiB,
  /** Bytes of memory below which nothing is started: a kernel, an image and this program. */
  leastMemoryBytes: 384 * MiB,
  /** Bytes of memory kept for this program and the kernel while artifacts lie in memory. */
  reserveBytes: 64 * MiB,
  /** Bytes of memory that the next system needs beside its files: its kernel, its own plasmd. */
  nextSystemBytes: 160 * MiB,
  /** Times by which an initramfs grows at most when the kernel unpacks it, as we plan for it. */
  unpackFactor: 3,
  /** Bytes of a device tree, and how deep its nodes are nested: what arm64 kernels take. */
  deviceTreeBytes: 2 * MiB,
  deviceTreeDepth: 64,
  /** Bytes of /proc/iomem that are read; large machines have tens of KiB. */
  iomemBytes: 1 * MiB,
  /** Bytes that are hashed and copied at a time into sealed memory. */
  copyBytes: 1 * MiB,
} as const;

/** Limits of what goes into a boot image that we build. */
export const mediaLimits = {
  /** Bytes of one of depmod's tables; a full distribution kernel has 1.5 MiB. */
  moduleTableBytes: 16 * MiB,
  /** Bytes of one kernel module, unpacked; the largest drivers have 10 MiB. */
  moduleBytes: 64 * MiB,
  /** Bytes of a kernel of which the version is read. */
  kernelBytes: 512 * MiB,
  /** Bytes of the executable and of busybox: both are held in memory while the image is made. */
  programBytes: 512 * MiB,
  /** Bytes of a UEFI stub; systemd's have 0.1 MiB. */
  stubBytes: 16 * MiB,
  /** Providers that an image can name. */
  providers: 32,
  /** Days before the build time from which manifests are accepted: the longest lifetime. DESIGN 5 */
  notBeforeDays: 90,
  /** The same for an image that pins root keys: the longest lifetime of a key list. */
  notBeforeDaysOfRoots: 366,
} as const;

/** Limits of the state that trust keeps. DESIGN 10. */
export const trustLimits = {
  /** Milliseconds to wait for the lock on the floors; it is held for one small write. */
  lockMs: 5 * seconds,
  /** Milliseconds between two tries to get it. */
  lockRetryMs: 20,
} as const;

/** Limits of asking a provider how it is. */
export const providerLimits = {
  /** Milliseconds until it has answered. */
  answerMs: 5 * seconds,
  /** Bytes of a report: 64 targets with 16 artifacts each fit. */
  reportBytes: 1 * MiB,
} as const;

/** Limits of the libp2p node. */
export const p2pLimits = {
  /** Connections in all: far above the nodes that bootstrap from one, as at the limit newcomers are
   * refused. */
  connections: 512,
  /** Connections of one address; loopback is exempt, as all nodes of a test share it. */
  connectionsPerAddress: 64,
  /** Connections that one address may open in a second. */
  connectionsPerSecond: 64,
  /** Connections that are being set up at one time. */
  pendingConnections: 64,
  /** Streams of one connection. */
  streamsPerConnection: 128,
  /** Streams of one protocol of ours in one connection, and in all connections. */
  protocolStreams: 8,
  protocolStreamsInAll: 256,
  /** Milliseconds for a whole exchange of messages over a stream. */
  exchangeMs: 5 * seconds,
  /** Milliseconds after our answer at which a stream that the other side keeps open is ended. */
  lingerMs: 500,
  /** Milliseconds for one address of a peer: silent ones are dialled one after another. */
  addressDialMs: 1500,
  /** Milliseconds for a dial with all addresses of the peer. */
  dialMs: 10 * seconds,
  /** Dials at one time. */
  parallelDials: 32,
  /** Addresses of one peer that are tried. DESIGN 8. */
  addressesPerPeer: 8,
  /** Holders of a key that a walk asks at one time. */
  holdersAsked: 5,
  /** Milliseconds for one query of the DHT; one without peers would wait for ever. */
  queryMs: 20 * seconds,
  /** Milliseconds before the first repeat of a failed bootstrap, doubled each time, and at most. */
  bootstrapRetryMs: 250,
  bootstrapRetryMaxMs: 30 * seconds,
  /** Milliseconds between two looks at whether a bootstrap is still connected. */
  bootstrapCheckMs: 15 * seconds,
  /** Addresses of bootstrap nodes, and those that one dnsaddr name may stand for. */
  bootstraps: 64,
  bootstrapNames: 16,
  /** Milliseconds between two looks at all connections and at the routing table. */
  livenessMs: 30 * seconds,
  /** Milliseconds for the answer to a ping, and pings in a row that may fail. */
  pingMs: 10 * seconds,
  pingFailures: 3,
  /** Peers of the routing table that are dialled in one look at it. */
  livenessDials: 4,
  /** Milliseconds between two looks at our own addresses. */
  addressCheckMs: 10 * seconds,
  /** Milliseconds for which holders keep a provider record. */
  providerValidityMs: 1 * hours,
  /** Milliseconds between two sweeps of expired records. */
  sweepMs: 5 * minutes,
  /** Milliseconds for which addresses and peers are remembered: far longer than their records, as a
   * record without its peer hides all others of its key. */
  addressAgeMs: 24 * hours,
  peerAgeMs: 48 * hours,
  /** Provider records of one key, and in all, that this node holds for others. */
  providersPerKey: 256,
  providersHeld: 16_384,
  /** Values that this node holds for others, and bytes of one. */
  valuesHeld: 4096,
  valueBytes: 1 * KiB,
  /** Milliseconds between two looks at whether a node has joined. */
  joinLookMs: 1 * seconds,
  /** Private addresses that may be dialled because their peers were heard on the LAN. */
  addressesMet: 256,
  /** Peers that are remembered, and bytes of what is known of one. */
  peersHeld: 4096,
  peerBytes: 8 * KiB,
  /** Peers that are kept on disk, bytes of that file, milliseconds between two writes of it. */
  peersKept: 512,
  peersFileBytes: 8 * MiB,
  peersWriteMs: 1 * minutes,
  /** Bytes of the file with the key of a private network. */
  pskFileBytes: 1 * KiB,
} as const;

/** Limits of finding providers and of being found. DESIGN 8. */
export const discoveryLimits = {
  /** Bytes of a provider record as it is sent. */
  recordBytes: 4 * KiB,
  /** Bytes of the question for one: a key of the DHT. */
  questionBytes: 256,
  /** Milliseconds for which a record is valid at most. */
  recordLifetimeMs: 1 * hours,
  /** Milliseconds for which ours are: a provider that is gone is soon forgotten. */
  recordValidMs: 15 * minutes,
  /** Milliseconds by which a record's end may lie beyond that: clocks differ. */
  recordAheadMs: 24 * hours,
  /** Dials and records of one lookup. */
  dials: 64,
  records: 32,
  /** Dials and records of a lookup where a person wants everybody. */
  dialsForAll: 512,
  recordsForAll: 256,
  /** Providers that are asked at one time. */
  asked: 8,
  /** Milliseconds for one provider: dial, question and answer. */
  askMs: 5 * seconds,
  /** Milliseconds for the keys of the policy before the plain key is asked too. */
  policyHeadStartMs: 300,
  /** Milliseconds for others once the first provider has been found. */
  windowMs: 500,
  /** Milliseconds for finding anything, unless told otherwise. */
  timeoutMs: 10 * seconds,
  /** Milliseconds between two lookups of one that goes on. */
  watchMs: 15 * seconds,
  /** Manifests that are taken at one time to see what providers serve. */
  probes: 8,
  /** Offers that one search looks at. */
  offers: 256,
  /** Milliseconds for which the LAN is listened to where all are wanted. */
  lanSettleMs: 1 * seconds,
  /** The same for the DHT, where a lookup may still wait for nodes that are gone. */
  dhtSettleMs: 3 * seconds,
  /** Milliseconds before a lookup that found nobody is repeated. */
  lookupRetryMs: 500,
  /** Keys of signers and roots under which one image is announced. */
  keysPerImage: 16,
  /** Keys that are announced at one time. */
  announced: 4,
  /** Milliseconds between two announcements. */
  announceMs: 20 * minutes,
  /** Holders that an announcement should reach, where there are so many peers. */
  holders: 3,
  /** Milliseconds before an announcement that reached fewer is repeated, doubled each time. */
  announceRetryMs: 1 * seconds,
  announceRetryMaxMs: 2 * minutes,
  /** Milliseconds for one announcement. */
  announceTimeoutMs: 30 * seconds,
  /** Milliseconds between two looks at whether a snapshot is new. */
  catalogCheckMs: 2 * seconds,
  /** Reasons of offers that were passed over, as they are kept for people. */
  ignoredKept: 64,
} as const;

/** Limits of jobs. DESIGN 11. */
export const jobLimits = {
  /** Milliseconds, memory and output of a job where nobody says. */
  wallDefaultMs: 60 * seconds,
  memoryDefaultBytes: 1 * GiB,
  outputDefaultBytes: 16 * MiB,
  /** Bytes of one file, or of the input, that a job is given. */
  inputBytes: 256 * MiB,
  /** Bytes of one message to or from a job process: the largest input. */
  frameBytes: 256 * MiB,
  /** Bytes of what a job process says of its job's end. */
  outcomeBytes: 64 * KiB,
  /** Bytes that a job process needs for itself, above what its job may use. */
  processBytes: 256 * MiB,
  /** Milliseconds until a job's module is checked and compiled, whatever its wall clock is. */
  compileMs: 30 * seconds,
  /** Milliseconds between two looks at a job's memory. */
  pollMs: 50,
  /** Jobs that run at once, whatever is configured. */
  atOnce: 256,
  /** Job processes that wait for a job where jobs are run for others. */
  warm: 2,
  /** By how much job processes are nicer than we are: what serves goes before what computes. */
  niceness: 10,
  /** Mebibytes of V8's own heap in a job process: a job's memory isn't in it. */
  heapMiB: 256,
  /** Bytes of a module or component. */
  moduleBytes: 64 * MiB,
  /** Bytes of one function: a longer one keeps the compiler busy beyond any wall clock. */
  functionBytes: 1 * MiB,
  /** Entries of all tables of a module: large ones abort the process that makes them. */
  moduleTableEntries: 100_000,
  /** Tables of a module. */
  moduleTables: 16,
  /** Function types, imports, exports, globals and functions of a module, as engines have it. */
  moduleTypes: 100_000,
  moduleImports: 1000,
  moduleExports: 10_000,
  moduleGlobals: 100_000,
  moduleFunctions: 200_000,
  /** Parameters or results of one function type. */
  moduleParameters: 1000,
  /** Locals of one function. */
  moduleLocals: 50_000,
  /** Data or element segments of a module. */
  moduleSegments: 100_000,
  /** Targets of one br_table. */
  moduleBranches: 65_520,
  /** Blocks inside of each other. */
  moduleNesting: 1000,
  /** Modules in a component, and components inside of each other. */
  componentModules: 64,
  componentDepth: 8,
  /** Instances of modules in a component that runs. */
  componentInstances: 1000,
  /** Bytes of a component that is ready to run: its modules, and the script that joins them. */
  transpiledBytes: 128 * MiB,
  /** Bytes of what says how long its parts are. */
  frameHeadBytes: 64 * KiB,
  /** Bytes of components that are kept ready to run. */
  componentCacheBytes: 512 * MiB,
} as const;

/** Limits of what jobs for others are signed in. DESIGN 11. */
export const jobFormatLimits = {
  /** Bytes of a signed job: its input goes beside it, by digest. */
  specBytes: 256 * KiB,
  /** Arguments, variables and files of one job. */
  specArgs: 256,
  specEnv: 256,
  specFiles: 256,
  /** Characters of a file's name in a job. */
  fileNameChars: 1024,
  /** Milliseconds that a job may ask to run for. */
  wallMs: 24 * hours,
  /** Least bytes of memory that a job may ask for: a page of WebAssembly. */
  memoryMinBytes: 64 * KiB,
  /** Bytes that a job may ask for, memory or output; the worker says how much it gives. */
  askedBytes: 1024 * GiB,
  /** Bytes of a job's random nonce. */
  nonceBytes: 16,
  /** Milliseconds until a job expires at most, as it comes to the worker. */
  lifetimeMs: 24 * hours,
  /** Milliseconds by which its end may lie beyond that: clocks differ. */
  aheadMs: 10 * minutes,
  /** Bytes of a signed cancel, and of a receipt: their members are short. */
  cancelBytes: 4 * KiB,
  receiptBytes: 8 * KiB,
} as const;

/** Limits of running jobs for others. DESIGN 11. */
export const jobServiceLimits = {
  /** Submitters that can be allowed. */
  submitters: 256,
  /** Jobs that wait or are queued, in all and of one submitter. */
  queued: 1024,
  queuedPerSubmitter: 256,
  /** Ended jobs that are kept, in all and of one submitter: some minutes of the smallest jobs at
   * full speed, with an hour until they expire. */
  kept: 200_000,
  keptPerSubmitter: 100_000,
  /** Bytes of output that are kept, in all and of one submitter. */
  keptBytes: 4 * GiB,
  keptBytesPerSubmitter: 2 * GiB,
  /** Milliseconds for which an ended job is kept at most, room or not. */
  keptMs: 7 * days,
  /** Milliseconds after its end of validity for which a job is kept at least: a clock that is set
   * back must not make it run again. */
  graceMs: 1 * hours,
  /** Bytes of input that are held, in all and of one submitter. */
  blobBytes: 8 * GiB,
  blobBytesPerSubmitter: 2 * GiB,
  /** Milliseconds for which input that no job needs is held: the next job may have the module. */
  blobIdleMs: 24 * hours,
  /** Bytes of all input of one job, its module included: it is held in memory while it starts. */
  jobInputBytes: 256 * MiB,
  /** Uploads at one time, in all and of one submitter. */
  uploads: 64,
  uploadsPerSubmitter: 16,
  /** Milliseconds without a new part after which an upload in parts is thrown away. */
  uploadIdleMs: 10 * minutes,
  /** Milliseconds for which a job waits for its input. */
  waitingMs: 1 * hours,
  /** Times that a job is started, where the process or the machine dies with it. */
  attempts: 3,
  /** Milliseconds between two looks at what has expired. */
  sweepMs: 10 * seconds,
  /** Jobs that are forgotten in one look: none takes long. */
  swept: 1000,
  /** Bytes of output in one event. */
  eventBytes: 64 * KiB,
  /** Characters of what is said about a job that was refused or lost. */
  problemChars: 500,
} as const;

/** Limits of the HTTP interface of jobs. */
export const jobHttpLimits = {
  /** Seconds for which a request can wait for the end of a job. */
  waitSeconds: 60,
  /** Requests that wait for a job's end at one time, in all and from one address. */
  waits: 1024,
  waitsPerAddress: 128,
  /** Streams of events at one time, in all and to one address. */
  streams: 256,
  streamsPerAddress: 32,
  /** Milliseconds between two signs of life on a stream on which nothing happens. */
  heartbeatMs: 15 * seconds,
  /** Requests with a body that one address may send a second, and at once. */
  writesPerSecond: 250,
  writesAtOnce: 1000,
  /** Addresses whose rate is remembered. */
  addresses: 10_000,
  /** Milliseconds for which an answer with workers is kept, and for one search. */
  workersKeptMs: 10 * seconds,
  workersMs: 5 * seconds,
  /** Workers in an answer. */
  workers: 32,
} as const;

/** Limits of jobs over libp2p. */
export const jobWireLimits = {
  /** Bytes of a message's header, and of what comes behind it. */
  headerBytes: 64 * KiB,
  bodyBytes: 1 * MiB,
  /** Streams at one time: each may hold a whole message. */
  streams: 32,
  /** Questions of one peer a second, and at once. */
  questionsPerSecond: 100,
  questionsAtOnce: 400,
  /** Peers whose rate is remembered. */
  peers: 4096,
  /** Characters of what a refusal says. */
  detailChars: 500,
  /** Milliseconds for one question, and for one part of a blob on the worker's disk. */
  askMs: 10 * seconds,
  putMs: 10 * seconds,
  /** Milliseconds between two questions whether a job has ended. */
  pollMs: 500,
} as const;

/** Limits of a submitter of jobs: what a worker can make it wait for or read. */
export const jobClientLimits = {
  /** Bytes of an answer that is no output. */
  answerBytes: 256 * KiB,
  /** Milliseconds for an answer, and for a blob or output on its way. */
  answerMs: 10 * seconds,
  blobMs: 600 * seconds,
  /** Times that a call is made, and milliseconds before the second; it doubles. */
  attempts: 4,
  backoffMs: 100,
  /** Workers that run one job, whose receipts are compared. */
  replicas: 16,
  /** Jobs that are remembered, and bytes of one: a signed job as base64. */
  remembered: 1000,
  recordBytes: 512 * KiB,
} as const;

/** Limits of mDNS, by which providers on the LAN are found. RFC 6762, RFC 6763. */
export const mdnsLimits = {
  /** Bytes of a datagram that is read: RFC 6762 17 allows no more. */
  datagramBytes: 9000,
  /** Questions and records in one datagram. */
  datagramRecords: 256,
  /** Bytes of a datagram that is sent, as long as one record leaves a choice: fits an Ethernet frame. */
  sentBytes: 1400,
  /** Bytes and entries of a TXT record: RFC 6763 6.2 advises 1300 bytes. */
  txtBytes: 1300,
  txtEntries: 32,
  /** Records that are remembered of one interface and family, and of one sender of them. */
  cacheRecords: 4096,
  cacheRecordsPerSender: 512,
  /** Seconds for which a record is believed at most, whatever it says: the 75 minutes of RFC 6762. */
  ttlSeconds: 4500,
  /** Instances that are looked at in one datagram, and addresses of one host. */
  instances: 128,
  addresses: 8,
  /** Names whose missing records are asked for at one time, and how often each. */
  missing: 64,
  missingTries: 3,
  /** Reasons for what was passed over that are remembered, so that each is said once. */
  ignoredKept: 256,
  /** Offers that wait for a reader. */
  waiting: 1024,
  /** Least and largest milliseconds between two equal questions. RFC 6762 5.2 */
  questionMs: 1 * seconds,
  questionMaxMs: 60 * minutes,
  /** Largest milliseconds between two questions for nodes of the DHT. */
  peerQuestionMaxMs: 5 * minutes,
  /** Nodes of the DHT that are dialled at one time, and in one minute. */
  peersDialled: 8,
  peersPerMinute: 64,
  /** Unicast answers in one second on one interface and family: nobody is flooded through us. */
  unicastPerSecond: 32,
  /** Answers that wait to be sent on one interface and family. */
  pending: 64,
  /** Milliseconds between two looks at the interfaces of this machine. */
  interfacesMs: 5 * seconds,
  /** Milliseconds between two looks by somebody who waits for one answer. */
  interfacesHurryMs: 500,
} as const;

/** What `plasmd doctor` waits for and asks of a machine. */
export const doctorLimits = {
  /** Milliseconds for a datagram to come back on its own interface. */
  multicastMs: 2 * seconds,
  /** Milliseconds for a provider on our own port to answer. */
  answerMs: 3 * seconds,
  /** Milliseconds for bootstrap nodes to answer, and between two looks at them. */
  bootstrapMs: 15 * seconds,
  lookMs: 100,
  /** Milliseconds and bytes of memory for the smallest job. */
  jobMs: 20 * seconds,
  jobMemoryBytes: 256 * MiB,
  /** Bytes free on a disk below which there is hardly room for one image. */
  roomBytes: 1 * GiB,
  /** Milliseconds after the program's first version beyond which no clock is believed: a battery
   * that ran out leaves clocks at the end of their range, too. */
  clockAheadMs: 20 * 365 * days,
} as const;

/** Limits of what is printed or logged of a peer's words. DESIGN 13. */
export const textLimits = {
  /** Characters of a string from a peer. */
  peerChars: 200,
} as const;
