/*
 * The list of groups and components in the dialog of choices (push-choices.js): ticked one by one or a group at once, with
 * a search where there are many.
 *
 * A group that is chosen stands for its members, those added later too; so its id is kept, and theirs are not.
 */
(() => {
	'use strict';

	const { make, makeTick, makeHint } = self.pushDoors;
	const say = (name, values) => self.say(`dialog.${name}`, values);
	const MANY = 8; /* rows from which on a search helps */

	/* The flat list of /push.json -> [{ id, name, members }], groups and components without one. */
	function readNodes(components) {
		const nodes = [];
		for (const { id, name, group } of components) {
			let node = group ? nodes.find((one) => one.id === group.id) : undefined;
			if (group && !node) nodes.push(node = { id: group.id, name: group.name, members: [] });
			if (group) node.members.push({ id, name });
			else nodes.push({ id, name, members: [] });
		}
		return nodes;
	}

	function drawRow({ id, name, members = [] }) {
		const words = members.length > 0 ? [name, makeHint(say('choice_group'))] : [name];
		const { input, label } = makeTick('checkbox', { value: id }, ...words);
		return { id, input, item: make('li', {}, label), key: name.toLocaleLowerCase(), members: members.map(drawRow) };
	}

	/*
	 * .element            to be put into the form
	 * .isEmpty            there is nothing to choose from
	 * .set(ids)           those that are not there any more are left out
	 * .get() -> [id]      sorted
	 * .first              the control that takes the focus
	 */
	function makeTree(components) {
		const rows = readNodes(components).map(drawRow);
		const all = rows.flatMap((row) => [row, ...row.members]);
		let chosen = new Set();

		const find = make('input', { type: 'search', autocomplete: 'off', placeholder: say('choice_search'), 'aria-label': say('choice_search') });
		const found = make('p', { className: 'quiet', role: 'status' });
		const list = make('ul', { className: 'tree' });
		for (const { item, members } of rows) {
			if (members.length > 0) item.append(make('ul', {}, ...members.map((row) => row.item)));
			list.append(item);
		}
		find.hidden = all.length < MANY;

		function show() {
			for (const { id, input, members } of rows) {
				const isWhole = chosen.has(id);
				for (const row of members) row.input.checked = isWhole || chosen.has(row.id);
				input.checked = isWhole;
				input.indeterminate = !isWhole && members.some((row) => row.input.checked);
			}
		}

		/* Every member ticked one by one is the group. */
		function onTick({ target: { value, checked } }) {
			const of = rows.find(({ id, members }) => id === value || members.some((row) => row.id === value));
			const ids = of.members.map(({ id }) => id);
			if (of.id !== value && chosen.delete(of.id)) for (const id of ids) chosen.add(id);
			if (checked) chosen.add(value);
			else chosen.delete(value);
			if (ids.length > 0 && ids.every((id) => chosen.has(id))) chosen.add(of.id);
			if (of.id === value || chosen.has(of.id)) for (const id of ids) chosen.delete(id);
			show();
		}

		function onSearch() {
			const wanted = find.value.trim().toLocaleLowerCase();
			for (const { item, key, members } of rows) {
				const isNamed = key.includes(wanted);
				for (const row of members) row.item.hidden = !isNamed && !row.key.includes(wanted);
				item.hidden = !isNamed && members.every((row) => row.item.hidden);
			}
			found.textContent = rows.some(({ item }) => !item.hidden) ? '' : say('choice_not_found');
		}

		list.addEventListener('change', onTick);
		find.addEventListener('input', onSearch);
		find.addEventListener('keydown', (event) => event.key === 'Enter' && event.preventDefault());
		return {
			element: make('div', { className: 'choose', role: 'group', 'aria-label': say('choice_some') }, find, found, list),
			isEmpty: all.length === 0,
			first: find.hidden ? rows[0]?.input : find,
			get: () => [...chosen].sort(),
			set(ids) {
				chosen = new Set(ids.filter((id) => all.some((row) => row.id === id)));
				show();
			},
		};
	}

	self.pushTree = { makeTree };
})();
