// A stock BullMQ queue and worker for the tests. usage: node bullmq_peer.cjs BULLMQ_FOLDER PORT QUEUE work|add|stall
const [, , folder, port, name, mode] = process.argv;
const { Queue, Worker } = require(folder + '/node_modules/bullmq');
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };

async function main() {
  if (mode === 'add') {
    const queue = new Queue(name, { connection });
    await queue.add('proof', { image: 3 }, { jobId: 'stock-1', attempts: 2, backoff: { type: 'exponential', delay: 100 } });
    await queue.add('proof', { image: 4 }, { jobId: 'stock-2', priority: 5 });
    await queue.add('proof', { image: 5 }, { jobId: 'stock-3', delay: 3600000 });
    await queue.close();
  } else if (mode === 'look') {
    const queue = new Queue(name, { connection });
    const counts = await queue.getJobCounts();
    const job = await queue.getJob('stock-1');
    console.log(JSON.stringify({ counts, state: await job.getState(), value: job.returnvalue, progress: job.progress }));
    await queue.close();
  } else if (mode === 'work') {
    // Fails the first run of each job that asks for it; ends when two jobs are finished.
    let finished = 0;
    const worker = new Worker(name, async job => {
      await job.updateProgress({ percent: 50 });
      if (job.data.flaky && job.attemptsMade === 0) throw new Error('flaky');
      return { doubled: job.data.n * 2 };
    }, { connection });
    worker.on('completed', async () => { if (++finished === 2) { await worker.close(); } });
  } else if (mode === 'stall') {
    // Takes a job and dies with it.
    new Worker(name, async () => { process.kill(process.pid, 'SIGKILL'); }, // The check for lost locks is throttled for all workers together, by the interval of who checked last.
      { connection, lockDuration: 300, stalledInterval: 300 });
  }
}
main();
