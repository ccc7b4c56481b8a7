// Open script.google.com, paste this file into a new project, run build and allow it: the form is then in your Google Drive, to be published from there.
// Then, in the form, turn on “Shuffle option order” for the questions marked so on the page to read; “Another”, “None” and “I do not know” belong last, so place them by hand if you do.

const FORM = {
 "title": "A few questions about you and us",
 "intro": "It takes about four minutes and is for people aged 18 and over. There are no right or wrong answers, and you may skip any question. We do not ask for your name, phone number or e-mail address; answers are only published as totals of many people.",
 "thanks": "Thank you. Your answers were received.",
 "questions": [
  {
   "id": "follows",
   "kind": "one",
   "title": "Do you follow our page on any social network, or have you pressed Like on it?",
   "note": "One answer.",
   "low": 0,
   "high": 0,
   "choices": [
    "Yes",
    "No"
   ],
   "gate": true,
   "only_if": ""
  },
  {
   "id": "reasons",
   "kind": "many",
   "title": "Why did you press Like on our page or start to follow it?",
   "note": "You may tick several answers. If you do not follow the page, please skip this question.",
   "low": 0,
   "high": 0,
   "choices": [
    "I am a loyal customer",
    "To follow your news",
    "I am looking for rewards",
    "For savings and events",
    "I like the content",
    "To get service and answers",
    "For fun",
    "My friends follow it",
    "To be heard",
    "Another reason",
    "No particular reason",
    "I do not remember"
   ],
   "gate": false,
   "only_if": "follows"
  },
  {
   "id": "expectations",
   "kind": "many",
   "title": "And since then, what, if anything, do you expect from us?",
   "note": "You may tick several answers. If you do not follow the page, please skip this question.",
   "low": 0,
   "high": 0,
   "choices": [
    "Exclusive offers",
    "To share experiences with other customers",
    "Games and contests",
    "Service and answers",
    "To suggest ideas for new products",
    "News of products and branches",
    "Personal service for regulars",
    "Something else",
    "I expect nothing",
    "I do not know"
   ],
   "gate": false,
   "only_if": "follows"
  },
  {
   "id": "ways",
   "kind": "one",
   "title": "Which one of these would do most for your loyalty to a business like ours?",
   "note": "One answer.",
   "low": 0,
   "high": 0,
   "choices": [
    "Excellent service at any hour",
    "Rewards for purchases and referrals",
    "Offers that suit me",
    "Personalised products",
    "Knowing me and what I like",
    "Something else",
    "None of these",
    "I do not know"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "club",
   "kind": "one",
   "title": "Are you a member of our customer club?",
   "note": "One answer.",
   "low": 0,
   "high": 0,
   "choices": [
    "Yes",
    "No",
    "I do not know"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "programmes_enrolled",
   "kind": "number",
   "title": "To how many customer clubs, of any business, do you belong today?",
   "note": "Your best estimate is fine. Write 0 if none.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "programmes_active",
   "kind": "number",
   "title": "In how many of them did you earn or use a reward in the last 12 months?",
   "note": "Write 0 if none.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "networks",
   "kind": "many",
   "title": "Which of these do you use at least once a day?",
   "note": "You may tick several answers.",
   "low": 0,
   "high": 0,
   "choices": [
    "Facebook",
    "Instagram",
    "TikTok",
    "YouTube",
    "WhatsApp",
    "LinkedIn",
    "X (Twitter)",
    "Telegram",
    "Pinterest",
    "None of these"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "recommend",
   "kind": "scale",
   "title": "How likely or unlikely are you to recommend us to friends or family?",
   "note": "0: not at all likely. 10: extremely likely.",
   "at_low": "not at all likely",
   "at_high": "extremely likely",
   "low": 0,
   "high": 10,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "loyalty",
   "kind": "scale",
   "title": "When you buy what we sell, how often do you buy it from us rather than elsewhere?",
   "note": "1: almost never. 5: almost always.",
   "at_low": "almost never",
   "at_high": "almost always",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "satisfied_product",
   "kind": "scale",
   "title": "How satisfied or dissatisfied are you with what we sell?",
   "note": "1: very dissatisfied. 5: very satisfied. If you have no view, leave the line blank.",
   "at_low": "very dissatisfied",
   "at_high": "very satisfied",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": "",
   "heading": "How satisfied or dissatisfied are you with each of these?"
  },
  {
   "id": "satisfied_service",
   "kind": "scale",
   "title": "How satisfied or dissatisfied are you with our service?",
   "note": "1: very dissatisfied. 5: very satisfied. If you have no view, leave the line blank.",
   "at_low": "very dissatisfied",
   "at_high": "very satisfied",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "satisfied_rewards",
   "kind": "scale",
   "title": "How satisfied or dissatisfied are you with our rewards?",
   "note": "1: very dissatisfied. 5: very satisfied. If you have no view, leave the line blank.",
   "at_low": "very dissatisfied",
   "at_high": "very satisfied",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "satisfied_prices",
   "kind": "scale",
   "title": "How satisfied or dissatisfied are you with our prices?",
   "note": "1: very dissatisfied. 5: very satisfied. If you have no view, leave the line blank.",
   "at_low": "very dissatisfied",
   "at_high": "very satisfied",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "age",
   "kind": "one",
   "title": "How old are you?",
   "note": "One answer.",
   "low": 0,
   "high": 0,
   "choices": [
    "18–24",
    "25–34",
    "35–49",
    "50–64",
    "65 and over"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "sex",
   "kind": "one",
   "title": "Are you a woman or a man?",
   "note": "One answer. If neither fits, or you prefer not to say, skip the question.",
   "low": 0,
   "high": 0,
   "choices": [
    "A woman",
    "A man"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "area",
   "kind": "one",
   "title": "In which district do you live?",
   "note": "One answer. If you are not sure, choose the district of the nearest town.",
   "low": 0,
   "high": 0,
   "choices": [
    "Jerusalem (also Bet Shemesh)",
    "North (also Nazareth and Tiberias)",
    "Haifa (also Hadera and the Krayot)",
    "Centre (also Netanya and Rehovot)",
    "Tel Aviv (also Holon and Ramat Gan)",
    "South (also Ashdod and Beer Sheva)",
    "Judea and Samaria"
   ],
   "gate": false,
   "only_if": ""
  }
 ]
};

// What Google Apps Script runs behind the data of a form (FORM). Google lets no script turn on a random order of options.
function build() {
  const form = FormApp.create(FORM.title).setTitle(FORM.title).setDescription(FORM.intro)
    .setConfirmationMessage(FORM.thanks).setCollectEmail(false).setProgressBar(true);
  const gates = {};
  let waiting = null;
  FORM.questions.forEach(function (question) {
    if (question.heading) form.addSectionHeaderItem().setTitle(question.heading);
    if (question.only_if && waiting !== question.only_if) {
      gates[question.only_if].yes = form.addPageBreakItem();
      waiting = question.only_if;
    } else if (!question.only_if && waiting) {
      gates[waiting].no = form.addPageBreakItem();
      waiting = null;
    }
    const item = add(form, question);
    if (question.gate) gates[question.id] = {item: item, choices: question.choices};
  });
  Object.keys(gates).forEach(function (id) {
    const gate = gates[id];
    gate.item.setChoices(gate.choices.map(function (text, at) {
      return gate.item.createChoice(text, at === 0 ? gate.yes : gate.no);
    }));
  });
  Logger.log(form.getEditUrl());
}

function add(form, question) {
  if (question.kind === 'many')
    return form.addCheckboxItem().setTitle(question.title).setHelpText(question.note).setChoiceValues(question.choices);
  if (question.kind === 'one')
    return form.addMultipleChoiceItem().setTitle(question.title).setHelpText(question.note)
      .setChoiceValues(question.choices);
  if (question.kind === 'scale')
    return form.addScaleItem().setTitle(question.title).setHelpText(question.note)
      .setBounds(question.low, question.high).setLabels(question.at_low, question.at_high);
  return form.addTextItem().setTitle(question.title).setHelpText(question.note)
    .setValidation(FormApp.createTextValidation().requireNumberBetween(question.low, question.high).build());
}
