/** Where a run and what can be done with it are found. */
export const linksOf = (runId: string, basePath = '') => {
	const self = `${basePath}/runs/${runId}`;
	return {
		self,
		items: `${self}/items`,
		cancel: `${self}/cancel`,
		pause: `${self}/pause`,
		resume: `${self}/resume`,
		redrive: `${self}/redrive`,
	};
};
