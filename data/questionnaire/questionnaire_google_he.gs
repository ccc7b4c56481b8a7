// יש לפתוח את script.google.com, להדביק את הקובץ בפרויקט חדש, להפעיל את build ולאשר: הטופס יופיע ב-Google Drive שלכם, ומשם יש לפרסם אותו.
// לאחר מכן יש להפעיל בטופס ״סדר אקראי של האפשרויות״ בשאלות שסומנו כך בעמוד הקריאה; ״אחר״, ״אף אחד מאלה״ ו״לא יודע/ת״ צריכים להישאר אחרונים, ולכן ייתכן שיהיה צורך למקם אותם ידנית.

const FORM = {
 "title": "כמה שאלות על הקשר בינינו",
 "intro": "המענה נמשך כארבע דקות ומיועד לבני 18 ומעלה. אין תשובות נכונות או שגויות, ואפשר לדלג על כל שאלה. איננו מבקשים שם, מספר טלפון או כתובת דואר אלקטרוני, והתשובות יוצגו רק כסיכומים של משיבים רבים.",
 "thanks": "תודה רבה. התשובות התקבלו.",
 "questions": [
  {
   "id": "follows",
   "kind": "one",
   "title": "האם את/ה עוקב/ת אחרי העמוד שלנו ברשת חברתית כלשהי, או שעשית לו לייק?",
   "note": "תשובה אחת.",
   "low": 0,
   "high": 0,
   "choices": [
    "כן",
    "לא"
   ],
   "gate": true,
   "only_if": ""
  },
  {
   "id": "reasons",
   "kind": "many",
   "title": "מדוע עשית לייק לעמוד שלנו או התחלת לעקוב אחריו?",
   "note": "ניתן לסמן כמה תשובות. אם אינך עוקב/ת אחרי העמוד, נא לדלג על השאלה.",
   "low": 0,
   "high": 0,
   "choices": [
    "אני לקוח/ה נאמן/ה",
    "כדי להתעדכן בחדש אצלכם",
    "אני מחפש/ת הטבות",
    "בשביל מבצעים ואירועים",
    "אני אוהב/ת את התוכן",
    "כדי לקבל שירות ומענה",
    "סתם בשביל הכיף",
    "חברים שלי עוקבים",
    "כדי שיקשיבו לי",
    "סיבה אחרת",
    "בלי סיבה מיוחדת",
    "לא זוכר/ת"
   ],
   "gate": false,
   "only_if": "follows"
  },
  {
   "id": "expectations",
   "kind": "many",
   "title": "מה, אם בכלל, את/ה מצפה לקבל מאיתנו בעקבות זאת?",
   "note": "ניתן לסמן כמה תשובות. אם אינך עוקב/ת אחרי העמוד, נא לדלג על השאלה.",
   "low": 0,
   "high": 0,
   "choices": [
    "הצעות בלעדיות",
    "לשתף חוויות עם לקוחות אחרים",
    "משחקים ותחרויות",
    "שירות ומענה",
    "להציע רעיונות למוצרים חדשים",
    "עדכונים על מוצרים וסניפים",
    "שירות אישי ללקוחות קבועים",
    "משהו אחר",
    "אין לי ציפיות",
    "לא יודע/ת"
   ],
   "gate": false,
   "only_if": "follows"
  },
  {
   "id": "ways",
   "kind": "one",
   "title": "מה מבין אלה יתרום יותר מכול לנאמנות שלך לעסק כמו שלנו?",
   "note": "תשובה אחת.",
   "low": 0,
   "high": 0,
   "choices": [
    "שירות מצוין בכל שעה",
    "הטבות על קניות והמלצות",
    "הצעות שמתאימות לי",
    "מוצרים בהתאמה אישית",
    "שיכירו אותי ואת ההעדפות שלי",
    "משהו אחר",
    "אף אחד מאלה",
    "לא יודע/ת"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "club",
   "kind": "one",
   "title": "האם את/ה רשום/ה למועדון הלקוחות שלנו?",
   "note": "תשובה אחת.",
   "low": 0,
   "high": 0,
   "choices": [
    "כן",
    "לא",
    "לא יודע/ת"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "programmes_enrolled",
   "kind": "number",
   "title": "בכמה מועדוני לקוחות, של עסקים כלשהם, את/ה רשום/ה כיום?",
   "note": "הערכה מספיקה. אם באף אחד, נא לרשום 0.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "programmes_active",
   "kind": "number",
   "title": "בכמה מהם צברת או מימשת הטבה ב-12 החודשים האחרונים?",
   "note": "אם באף אחד, נא לרשום 0.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "networks",
   "kind": "many",
   "title": "באילו מאלה את/ה משתמש/ת לפחות פעם ביום?",
   "note": "ניתן לסמן כמה תשובות.",
   "low": 0,
   "high": 0,
   "choices": [
    "פייסבוק",
    "אינסטגרם",
    "טיקטוק",
    "יוטיוב",
    "וואטסאפ",
    "לינקדאין",
    "X (טוויטר)",
    "טלגרם",
    "פינטרסט",
    "אף אחת מהרשתות האלה"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "recommend",
   "kind": "scale",
   "title": "עד כמה סביר או לא סביר שתמליץ/י עלינו לחברים או לבני משפחה?",
   "note": "0: כלל לא סביר. 10: סביר ביותר.",
   "at_low": "כלל לא סביר",
   "at_high": "סביר ביותר",
   "low": 0,
   "high": 10,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "loyalty",
   "kind": "scale",
   "title": "כשאת/ה קונה מוצרים או שירותים מהסוג שאנחנו מוכרים, באיזו תדירות הקנייה נעשית אצלנו ולא במקום אחר?",
   "note": "1: כמעט אף פעם. 5: כמעט תמיד.",
   "at_low": "כמעט אף פעם",
   "at_high": "כמעט תמיד",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "satisfied_product",
   "kind": "scale",
   "title": "עד כמה את/ה מרוצה או לא מרוצה מהמוצרים שלנו?",
   "note": "1: מאוד לא מרוצה. 5: מאוד מרוצה. אם אין לך דעה, אפשר להשאיר את השורה ריקה.",
   "at_low": "מאוד לא מרוצה",
   "at_high": "מאוד מרוצה",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": "",
   "heading": "עד כמה את/ה מרוצה או לא מרוצה מכל אחד מאלה?"
  },
  {
   "id": "satisfied_service",
   "kind": "scale",
   "title": "עד כמה את/ה מרוצה או לא מרוצה מהשירות שלנו?",
   "note": "1: מאוד לא מרוצה. 5: מאוד מרוצה. אם אין לך דעה, אפשר להשאיר את השורה ריקה.",
   "at_low": "מאוד לא מרוצה",
   "at_high": "מאוד מרוצה",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "satisfied_rewards",
   "kind": "scale",
   "title": "עד כמה את/ה מרוצה או לא מרוצה מההטבות שלנו?",
   "note": "1: מאוד לא מרוצה. 5: מאוד מרוצה. אם אין לך דעה, אפשר להשאיר את השורה ריקה.",
   "at_low": "מאוד לא מרוצה",
   "at_high": "מאוד מרוצה",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "satisfied_prices",
   "kind": "scale",
   "title": "עד כמה את/ה מרוצה או לא מרוצה מהמחירים שלנו?",
   "note": "1: מאוד לא מרוצה. 5: מאוד מרוצה. אם אין לך דעה, אפשר להשאיר את השורה ריקה.",
   "at_low": "מאוד לא מרוצה",
   "at_high": "מאוד מרוצה",
   "low": 1,
   "high": 5,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "age",
   "kind": "one",
   "title": "מה גילך?",
   "note": "תשובה אחת.",
   "low": 0,
   "high": 0,
   "choices": [
    "18–24",
    "25–34",
    "35–49",
    "50–64",
    "65 ומעלה"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "sex",
   "kind": "one",
   "title": "מה המגדר שלך?",
   "note": "תשובה אחת. אם אף אחת מהתשובות אינה מתאימה, או אם לא נוח לך לענות, אפשר לדלג.",
   "low": 0,
   "high": 0,
   "choices": [
    "אישה",
    "גבר"
   ],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "area",
   "kind": "one",
   "title": "באיזה מחוז את/ה גר/ה?",
   "note": "תשובה אחת. אם אינך בטוח/ה, נא לבחור את המחוז של העיר הקרובה.",
   "low": 0,
   "high": 0,
   "choices": [
    "ירושלים (גם בית שמש)",
    "הצפון (גם נצרת וטבריה)",
    "חיפה (גם חדרה והקריות)",
    "המרכז (גם נתניה ורחובות)",
    "תל אביב (גם חולון ורמת גן)",
    "הדרום (גם אשדוד ובאר שבע)",
    "יהודה ושומרון"
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
