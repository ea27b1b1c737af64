import {fanOut, run} from 'twolane';
import {customers} from '../jobs/api.ts';
import {hashes} from '../jobs/disk.ts';
import {thumbnails} from '../jobs/thumbnail.ts';

// @ts-expect-error TS2345: a wrong key
fanOut(thumbnails, [{uri: 'x'}]);
// @ts-expect-error TS2561: a wrong option
fanOut(thumbnails, [{url: 'x'}], {options: {width: 3}});
// @ts-expect-error TS2322: an option of the wrong type
fanOut(thumbnails, [{url: 'x'}], {options: {widthPx: '3'}});
// @ts-expect-error TS2345: items are objects here, not texts
fanOut(thumbnails, ['https://a/1.jpg']);
// @ts-expect-error TS2345: an id is text
fanOut(customers, [{id: 7}]);
// @ts-expect-error TS2561: a limit that does not exist
fanOut(customers, [{id: '7'}], {limits: {ioConcurency: 20}});
// @ts-expect-error TS2322: a width is a number or 'auto'
fanOut(customers, [{id: '7'}], {limits: {ioConcurrency: 'max'}});
// @ts-expect-error TS2741: a durable run says where it writes
run(hashes, '/data', {});
// @ts-expect-error TS2345: a manifest holds items of the flow
run(customers, [7], {out: 'customers'});
// @ts-expect-error TS2322: codes are texts
run(hashes, '/data', {out: 'hashes', redrive: [404]});
// @ts-expect-error TS2322: an engine is made by twolane/aws, not named
run(hashes, '/data', {out: 'hashes', engine: 'lambda'});
// @ts-expect-error TS2322: a redrive is asked for, or left out
run(hashes, '/data', {out: 'hashes', redrive: false});

for await (const outcome of fanOut(thumbnails, [{url: 'x'}])) {
	// @ts-expect-error TS2339: only a succeeded outcome has a result
	console.log(outcome.result);
	// @ts-expect-error TS2339: only a failed one has an error
	console.log(outcome.error);
	// @ts-expect-error TS2339: only a skipped one has a reason
	if (outcome.status === 'failed') console.log(outcome.reason);
	// @ts-expect-error TS2367: there is no such status
	console.log(outcome.status === 'success');
	// @ts-expect-error TS2339: the result is an Output here, not the picture
	if (outcome.status === 'succeeded') console.log(outcome.result.small);
	// @ts-expect-error TS2540: outcomes are records, not places to write
	outcome.id = 'another';
}

// @ts-expect-error TS2488: a run is iterated with await
for (const outcome of fanOut(customers, [])) console.log(outcome);

// @ts-expect-error TS2322: a flow without an options schema takes none
fanOut(customers, [{id: '1'}], {options: {tier: 'gold'}});
